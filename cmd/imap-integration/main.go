// Command imap-integration is the IMAP integration for Sumo Logic Cloud SOAR.
//
// Three parties call it: the platform's action runner and its TEST SAVED SETTINGS
// button, which read one JSON document and an exit status and take anything on
// standard error for a failure, and people, who read a terminal. So standard output
// is written whole at the end or not at all, standard error stays empty on success,
// a panic is one sentence, and a signal ends a run within 10 seconds. The actions
// are those of package actions; what is here is the command line around them
// (run.go), what a person sees (view.go, help.go, demo.go), and the commands that
// only people use. Commands are functions of *program, which is one call of the binary.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)) }
