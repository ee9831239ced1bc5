"""Touchstone's core: fingerprints, matching, policy, the ledger's values, verification and registration."""
