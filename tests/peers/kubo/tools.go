//go:build tools

// Package kubo pins the Kubo release that the content-store suite runs against.
package kubo

import _ "github.com/ipfs/kubo/cmd/ipfs/kubo"
