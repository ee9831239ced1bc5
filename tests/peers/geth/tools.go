//go:build tools

// Package geth pins the go-ethereum release that the ledger suite runs against.
package geth

import _ "github.com/ethereum/go-ethereum/cmd/geth"
