// Command handler is the function of the end-to-end test. It writes the ids of
// its records to a file, and fails in the way that a record asks for.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

// Order is a record's payload.
type Order struct {
	ID    string `json:"id"`
	Fault string `json:"fault"`
}

// faults happen the first time that a record is handled, and those of poison
// records every time.
var faults = map[string]func() error{
	"fail":  func() error { return errors.New("as the record asks") },
	"panic": func() error { panic("as the record asks") },
	"crash": func() error { os.Exit(1); return nil },
	// the router's guard answers before the deadline
	"slow":   func() error { select {} },
	"freeze": func() error { syscall.Kill(syscall.Getpid(), syscall.SIGSTOP); select {} }, // nothing answers
	"poison": func() error { return errors.New("as the record asks, always") },
}

// ledger notes handled records outside of the process, as a database would.
type ledger struct {
	dir    string
	done   *os.File
	healed bool // nothing is poison any more
}

func (l *ledger) handle(_ context.Context, rec *decoder.Record, o *Order) error {
	if fault := faults[o.Fault]; fault != nil {
		seen, err := l.seen(o.ID)
		if err != nil {
			return err
		}
		if !seen || o.Fault == "poison" && !l.healed {
			return fault()
		}
	}
	_, err := fmt.Fprintf(l.done, "%s %s %s %d %s\n", rec.PartitionKey, rec.ShardID, rec.SequenceNumber,
		rec.SubSequenceNumber, o.ID)
	return err
}

// seen reports whether this record has been here before, in this process or
// another.
func (l *ledger) seen(id string) (bool, error) {
	f, err := os.OpenFile(filepath.Join(l.dir, "fault-"+id), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, f.Close()
}

func main() {
	l := &ledger{dir: os.Getenv("LEDGER"), healed: os.Getenv("HEALED") != ""}
	var err error
	if l.done, err = os.OpenFile(filepath.Join(l.dir, "done"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(router.New(router.JSON(l.handle),
		router.WithDecoder(decoder.Decoder{Deaggregate: true, Codec: decoder.Auto})))
}
