// Embed opens a catalog and decides, in goroutines of their own, from which sender three messages go out.
package main

import (
	"fmt"
	"os"
	"sync"
)

func run(path string) error {
	catalog, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	gateway, err := Open(catalog)
	if err != nil {
		return err
	}
	defer gateway.Close()
	recipients := []string{"+14155550123", "+442079460018", "+12125550123"}
	decisions, failures := make([]Decision, len(recipients)), make([]error, len(recipients))
	var deciding sync.WaitGroup
	for index := range recipients {
		deciding.Add(1)
		go func(index int) {
			defer deciding.Done()
			decisions[index], failures[index] = gateway.Resolve(Message{To: recipients[index], Application: "shop"})
		}(index)
	}
	deciding.Wait()
	for index, decision := range decisions {
		switch {
		case failures[index] != nil:
			return failures[index]
		case decision.Refusal != "":
			fmt.Printf("%s: refused, %s: %s\n", recipients[index], decision.Refusal, decision.Reason)
		default:
			fmt.Printf("%s: %s (%s), step %s\n", recipients[index], decision.SenderID, decision.Sender, decision.Step)
		}
	}
	return nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: embed CATALOG")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
