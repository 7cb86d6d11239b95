package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"example.com/sluice/router/emf"
)

// This file reads the settings, which are environment variables.

// settings are what the variables say, checked.
type settings struct {
	metrics   bool
	emf       emf.Options
	hotKeys   int  // how many are logged
	plainKeys bool // log partition keys as they are
	keySecret []byte
	maxData   int
	level     slog.Level
}

const (
	settingPrefix = "SLUICE_"
	logLevel      = "AWS_LAMBDA_LOG_LEVEL" // Lambda sets it where the function's logging configuration has a level

	maxHotKeys = 50
	minSecret  = 16
)

// setting is a variable: its name, what stands for it when it is not set, and
// what it is for.
type setting struct {
	name, fallback, about string
	set                   func(s *settings, value string) error
}

var settingList = []setting{
	{
		"SLUICE_METRICS", "on", "write CloudWatch metrics, in the embedded metric format: on, off",
		func(s *settings, v string) error {
			return choice(v, map[string]func(){"on": func() { s.metrics = true }, "off": func() { s.metrics = false }})
		},
	},
	{"SLUICE_NAMESPACE", "Sluice", "the metrics' namespace", func(s *settings, v string) error {
		s.emf.Namespace = v
		return emf.Options{Namespace: v}.Validate()
	}},
	{
		"SLUICE_DIMENSIONS", "", "further dimensions, the same for all metrics: Stage=prod,Team=data",
		func(s *settings, v string) error {
			return s.setDimensions(v)
		},
	},
	{
		"SLUICE_HOT_KEYS", "5",
		fmt.Sprintf("how many of the busiest partition keys an invocation's line names: 0 to %d", maxHotKeys),
		func(s *settings, v string) error {
			return number(&s.hotKeys, v, 0, maxHotKeys)
		},
	},
	{
		"SLUICE_KEYS", "hash", "partition keys in the log: hash, plain (they often name people)",
		func(s *settings, v string) error {
			return choice(v, map[string]func(){
				"hash":  func() { s.plainKeys = false },
				"plain": func() { s.plainKeys = true },
			})
		},
	},
	{
		"SLUICE_KEY_SECRET", "",
		fmt.Sprintf("makes the hash one that only who knows the secret can look up: %d characters or more", minSecret),
		func(s *settings, v string) error {
			if s.keySecret = []byte(v); len(v) < minSecret {
				return fmt.Errorf("want %d characters or more", minSecret)
			}
			return nil
		},
	},
	{
		"SLUICE_MAX_DATA", "10485760", "bytes of one record's data above which it is bad: 1 to 67108864",
		func(s *settings, v string) error {
			return number(&s.maxData, v, 1, 64<<20)
		},
	},
	{
		logLevel, "INFO", "the least level that is logged; an invocation's line is INFO where all is well",
		func(s *settings, v string) error {
			return choice(v, map[string]func(){
				"TRACE": func() { s.level = slog.LevelDebug - 4 }, "DEBUG": func() { s.level = slog.LevelDebug },
				"INFO": func() { s.level = slog.LevelInfo }, "WARN": func() { s.level = slog.LevelWarn },
				"ERROR": func() { s.level = slog.LevelError }, "FATAL": func() { s.level = slog.LevelError + 4 },
			})
		},
	},
}

// readSettings reads the settings from environ, which has the form of
// [os.Environ]. An empty variable counts as not set. The error names every
// variable that is wrong, and every unknown one with the program's prefix,
// which may be misspelt.
func readSettings(environ []string) (settings, error) {
	var s settings
	var problems []error
	given := map[string]string{}
	for _, v := range environ {
		name, value, _ := strings.Cut(v, "=")
		given[name] = value
		known := slices.ContainsFunc(settingList, func(k setting) bool { return k.name == name })
		if strings.HasPrefix(name, settingPrefix) && !known {
			problems = append(problems, fmt.Errorf("%.64s: there is no such setting", name))
		}
	}
	for _, k := range settingList {
		value := given[k.name]
		if value == "" {
			value = k.fallback
		}
		if value == "" {
			continue
		}
		if err := k.set(&s, value); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", k.name, err))
		}
	}
	return s, errors.Join(problems...)
}

// settingsHelp lists the settings.
func settingsHelp() string {
	var b strings.Builder
	b.WriteString("\nThe function's settings are environment variables, checked when it starts:\n\n")
	for _, k := range settingList {
		fmt.Fprintf(&b, "  %-22s%s", k.name, k.about)
		if k.fallback != "" {
			fmt.Fprintf(&b, " (%s)", k.fallback)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (s *settings) setDimensions(list string) error {
	s.emf.Dimensions = map[string]string{}
	for pair := range strings.SplitSeq(list, ",") {
		name, value, ok := strings.Cut(pair, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok {
			return fmt.Errorf("%.64q: want NAME=VALUE", pair)
		}
		if _, twice := s.emf.Dimensions[name]; twice {
			return fmt.Errorf("dimension %.64q stands twice", name)
		}
		s.emf.Dimensions[name] = value
	}
	return emf.Options{Dimensions: s.emf.Dimensions}.Validate()
}

// choice calls the function of the value.
func choice(value string, choices map[string]func()) error {
	if set := choices[value]; set != nil {
		set()
		return nil
	}
	var words []string
	for w := range choices {
		words = append(words, w)
	}
	slices.Sort(words)
	return fmt.Errorf("%.64q: want one of %s", value, strings.Join(words, ", "))
}

func number(to *int, value string, least, most int) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return fmt.Errorf("%.64q: want a number from %d to %d", value, least, most)
	}
	*to = n
	return nil
}
