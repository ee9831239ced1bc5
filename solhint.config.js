// Solhint's recommended rules; each that is waived has its reason.
"use strict";

module.exports = {
  extends: "solhint:recommended",
  rules: {
    "compiler-version": ["error", "^0.8.28"],
    "func-visibility": ["error", { ignoreConstructors: true }],
    // Immutables answer as views of the interface (operator, disputeBond), whose names are in mixed case.
    "immutable-vars-naming": ["warn", { immutablesAsConstants: false }],
    // The interface holds the NatSpec, once; its rules want a tag for what a field's comment says.
    "use-natspec": "off",
    // What is indexed is what somebody searches for; a topic costs 375 gas.
    "gas-indexed-events": "off",
    // A registry's state is what its laws are about: one flat list, each mapping for one of them, packed by hand.
    "max-states-count": ["warn", 16],
    // EIP-712 type strings are as long as their types.
    "gas-small-strings": "off",
    // `<=` says what the law says; the optimizer makes the rest.
    "gas-strict-inequalities": "off",
    // Structs that are signed keep the order of what is signed; those that are stored are packed and tested.
    "gas-struct-packing": "off",
  },
};
