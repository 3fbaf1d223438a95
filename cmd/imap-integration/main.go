// Command imap-integration is the IMAP integration for Sumo Logic Cloud SOAR.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)) }
