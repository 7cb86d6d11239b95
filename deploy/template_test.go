package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// This file checks the templates: against the properties that resources have,
// against what they should not allow, and against what the function says about
// its settings.

const streamARN = "arn:aws:kinesis:us-east-1:123456789012:stream/orders"

// variants are the ways in which the templates can be deployed.
var variants = map[string][]map[string]any{
	"monitor.yaml": {
		{"StreamArn": streamARN},
		{"StreamArn": streamARN, "FanOut": "true"},
		{
			"StreamArn": streamARN, "StreamKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1",
			"AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms", "ReservedConcurrency": 3,
		},
	},
	"handler.yaml": {
		{},
		{"StreamArn": streamARN},
		{"StreamArn": streamARN, "FanOut": "true", "StreamKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1"},
		{"FanOut": "true", "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms", "ReservedConcurrency": 3},
		{"TumblingWindow": 60},
	},
}

// eachVariant calls f with the resources of each variant of each template.
func eachVariant(t *testing.T, f func(t *testing.T, s *stack, resources map[string]resource)) {
	for name, list := range variants {
		for i, given := range list {
			t.Run(fmt.Sprint(name, " ", i), func(t *testing.T) {
				s, resources := deployed(t, name, given)
				f(t, s, resources)
			})
		}
	}
}

// deployed are the resources of a template with these parameters.
func deployed(t *testing.T, name string, given map[string]any) (*stack, map[string]resource) {
	t.Helper()
	template, err := readTemplate(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := template.deploy(given)
	if err != nil {
		t.Fatal(err)
	}
	resources, err := s.resources()
	if err != nil {
		t.Fatal(err)
	}
	return s, resources
}

// schemaOf returns the schema in a file of testdata, or a part of it.
func schemaOf(t *testing.T, file, fragment string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	schema, err := c.Compile(filepath.Join("testdata", file) + fragment)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON gives a value the types that schemas are checked against.
func asJSON(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// check returns what is wrong with a resource.
func check(t *testing.T, r resource) error {
	t.Helper()
	return schemaOf(t, "resources.schema.json", "#/$defs/"+r.Type).Validate(asJSON(t, r.Properties))
}

func TestResources(t *testing.T) {
	eachVariant(t, func(t *testing.T, s *stack, resources map[string]resource) {
		for name, r := range resources {
			if err := check(t, r); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if s.Transform != "AWS::Serverless-2016-10-31" {
			t.Errorf("the transform is %q", s.Transform)
		}
	})
}

// The check of resources finds what is wrong.
func TestResourcesCheck(t *testing.T) {
	template, err := readTemplate("handler.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := template.deploy(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []struct {
		resource, property string
		value              any
	}{
		{"Mapping", "BatchSizes", 1},
		{"Mapping", "BatchSize", 10001},
		{"Mapping", "FunctionResponseTypes", []any{"ReportBatchItemFailure"}},
		{"Mapping", "StartingPosition", "OLDEST"},
		{"Function", "Architectures", []any{"arm"}},
		{"Function", "Runtime", "go1.x"},
		{"Function", "Timeout", "soon"},
		{"Role", "Policies", []any{map[string]any{"PolicyName": "x"}}},
		{"Errors", "Statistic", "Total"},
	} {
		resources, err := s.resources()
		if err != nil {
			t.Fatal(err)
		}
		r := resources[change.resource]
		r.Properties.(map[string]any)[change.property] = change.value
		if check(t, r) == nil {
			t.Errorf("%s with %s %v passes", change.resource, change.property, change.value)
		}
	}
	for name, v := range map[string]any{
		"BatchSize": 0, "FanOut": "yes", "StreamArn": "orders", "Timeout": "x",
		"Unknown": 1,
	} {
		if _, err := template.deploy(map[string]any{name: v}); err == nil {
			t.Errorf("parameter %s %v passes", name, v)
		}
	}
}

// Every parameter and every condition is used.
func TestNothingUnused(t *testing.T) {
	for name := range variants {
		template, err := readTemplate(name)
		if err != nil {
			t.Fatal(err)
		}
		used := map[string]bool{}
		walk([]any{template.Conditions, template.Outputs}, used)
		for _, r := range template.Resources {
			used[r.Condition] = true
			walk(r.Properties, used)
		}
		for _, defined := range [][]string{
			slices.Collect(maps.Keys(template.Parameters)),
			slices.Collect(maps.Keys(template.Conditions)),
		} {
			for _, d := range defined {
				if !used[d] {
					t.Errorf("%s: %s is not used", name, d)
				}
			}
		}
	}
}

// walk notes what the calls in v refer to.
func walk(v any, used map[string]bool) {
	switch v := v.(type) {
	case call:
		if name, ok := v.arg.(string); ok {
			used[name] = true
		}
		if list, ok := v.arg.([]any); ok && len(list) > 0 && v.name == "If" {
			used[fmt.Sprint(list[0])] = true
		}
		walk(v.arg, used)
	case map[string]any:
		for _, member := range v {
			walk(member, used)
		}
	case []any:
		for _, element := range v {
			walk(element, used)
		}
	}
}

// What the mapping and the function have in every variant.
func TestMapping(t *testing.T) {
	eachVariant(t, func(t *testing.T, s *stack, resources map[string]resource) {
		m := resources["Mapping"].Properties.(map[string]any)
		if got := fmt.Sprintf("%v %v", m["FunctionResponseTypes"],
			m["BisectBatchOnFunctionError"]); got != "[ReportBatchItemFailures] true" {
			t.Errorf("response types and bisect: %s", got)
		}
		if age, _ := m["MaximumRecordAgeInSeconds"].(int); age < 60 {
			t.Errorf("a record's age is %v", age)
		}
		bucket, _ := s.attribute("Failures", "Arn")
		if got := m["DestinationConfig"].(map[string]any)["OnFailure"].(map[string]any)["Destination"]; got != bucket {
			t.Errorf("failures go to %v", got)
		}
		source := fmt.Sprint(m["EventSourceArn"])
		if fanOut := strings.Contains(source, "/consumer/"); fanOut != (s.values["FanOut"] == "true") {
			t.Errorf("the source is %s", source)
		}
		_, window := m["TumblingWindowInSeconds"]
		if window != (fmt.Sprint(s.values["TumblingWindow"]) == "60") || window && m["ParallelizationFactor"] != 1 {
			t.Errorf("a window with %v", m)
		}
		f := resources["Function"].Properties.(map[string]any)
		if got := fmt.Sprintf("%v %v %v", f["Architectures"], f["Runtime"],
			f["Handler"]); got != "[arm64] provided.al2023 "+program {
			t.Errorf("the function is %s", got)
		}
		if got := filepath.Base(f["CodeUri"].(string)); got != packageName("arm64") {
			t.Errorf("its code is in %s", got)
		}
		if _, reserved := f["ReservedConcurrentExecutions"]; reserved != (s.values["ReservedConcurrency"] != 0) {
			t.Errorf("reserved: %t", reserved)
		}
	})
}

// The role allows what the function needs, where it needs it.
func TestLeastPrivilege(t *testing.T) {
	eachVariant(t, func(t *testing.T, s *stack, resources map[string]resource) {
		stream, consumer := fmt.Sprint(s.values["StreamArn"]), ""
		if stream == "" {
			v, _ := s.attribute("Stream", "Arn")
			stream = v.(string)
		}
		if s.values["FanOut"] == "true" {
			v, _ := s.ref("Consumer")
			consumer = v.(string)
		}
		group, _ := s.attribute("LogGroup", "Arn")
		bucket, _ := s.attribute("Failures", "Arn")
		want := map[string]string{
			"logs:CreateLogStream": group.(string), "logs:PutLogEvents": group.(string),
			"kinesis:DescribeStream": stream, "kinesis:DescribeStreamSummary": stream, "kinesis:GetRecords": stream,
			"kinesis:GetShardIterator": stream, "kinesis:ListShards": stream, "kinesis:ListStreams": "*",
			"s3:PutObject": bucket.(string) + "/*", "s3:ListBucket": bucket.(string),
		}
		if consumer != "" {
			want["kinesis:SubscribeToShard"], want["kinesis:DescribeStreamConsumer"] = consumer, consumer
		}
		if key := fmt.Sprint(s.values["StreamKeyArn"]); key != "" {
			want["kms:Decrypt"] = key
		}
		got := map[string]string{}
		role := resources["Role"].Properties.(map[string]any)
		for _, p := range role["Policies"].([]any) {
			for _, v := range p.(map[string]any)["PolicyDocument"].(map[string]any)["Statement"].([]any) {
				statement := v.(map[string]any)
				actions, ok := statement["Action"].([]any)
				if !ok {
					actions = []any{statement["Action"]}
				}
				for _, a := range actions {
					got[fmt.Sprint(a)] = fmt.Sprint(statement["Resource"])
				}
			}
		}
		if !maps.Equal(got, want) || role["ManagedPolicyArns"] != nil {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	})
}

// metrics are AWS's and the function's own, by namespace and name, with their
// dimensions.
func metrics(t *testing.T) map[string]map[string][]string {
	t.Helper()
	var known map[string]map[string][]string
	content, err := os.ReadFile("testdata/metrics.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &known); err != nil {
		t.Fatal(err)
	}
	known["Sluice"] = map[string][]string{}
	for _, line := range monitorLines(t) {
		d := line.AWS.CloudWatchMetrics[0]
		for _, m := range d.Metrics {
			known[d.Namespace][m.Name] = d.Dimensions[0]
		}
	}
	return known
}

// The dashboard shows metrics that the function writes, and its query is about
// members that a line has.
func TestDashboard(t *testing.T) {
	s, resources := deployed(t, "monitor.yaml", variants["monitor.yaml"][0])
	var dashboard struct {
		Widgets []struct {
			Type       string
			Properties struct {
				Metrics [][]string
				Query   string
			}
		}
	}
	body := resources["Dashboard"].Properties.(map[string]any)["DashboardBody"].(string)
	if err := json.Unmarshal([]byte(body), &dashboard); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	known := metrics(t)["Sluice"]
	shown, queries := 0, 0
	for _, w := range dashboard.Widgets {
		var row []string
		for _, m := range w.Properties.Metrics {
			for i := range m {
				if m[i] == "." { // as in the row before
					m[i] = row[i]
				}
			}
			row = m
			function, _ := s.ref("Function")
			want := []string{"Sluice", m[1], "FunctionName", function.(string), "StreamName", "orders"}
			if !slices.Equal(m, want) || !slices.Equal(known[m[1]], []string{"FunctionName", "StreamName"}) {
				t.Errorf("%q is no metric of the function", m)
			}
			shown++
		}
		if w.Type == "log" {
			queries++
			if !strings.HasPrefix(w.Properties.Query, "SOURCE 'watch-LogGroup-") ||
				!strings.Contains(w.Properties.Query, "hotKeysByRecords.0.key") {
				t.Errorf("the query is %s", w.Properties.Query)
			}
		}
	}
	if shown == 0 || queries != 1 {
		t.Errorf("%d metrics and %d queries", shown, queries)
	}
}

// The alarms watch metrics that exist.
func TestAlarms(t *testing.T) {
	known := metrics(t)
	eachVariant(t, func(t *testing.T, s *stack, resources map[string]resource) {
		alarms := map[string]bool{}
		for name, r := range resources {
			if r.Type != "AWS::CloudWatch::Alarm" {
				continue
			}
			p := r.Properties.(map[string]any)
			metric := fmt.Sprint(p["MetricName"])
			alarms[metric] = true
			var dimensions []string
			for _, d := range p["Dimensions"].([]any) {
				dimensions = append(dimensions, d.(map[string]any)["Name"].(string))
				if d.(map[string]any)["Name"] == "StreamName" && s.values["StreamArn"] == streamARN &&
					d.(map[string]any)["Value"] != "orders" {
					t.Errorf("%s is about %v", name, d)
				}
			}
			if want, ok := known[fmt.Sprint(p["Namespace"])][metric]; !ok || !slices.Equal(dimensions, want) {
				t.Errorf("%s: %s of %v, want %v", name, metric, dimensions, want)
			}
			if _, ok := p["AlarmActions"]; ok != (s.values["AlarmTopicArn"] != "") {
				t.Errorf("%s has actions: %t", name, ok)
			}
		}
		for _, m := range []string{
			"IteratorAge", "Errors", "OnFailureDestinationDeliveredEventCount",
			"DroppedEventCount",
		} {
			if !alarms[m] {
				t.Errorf("no alarm on %s", m)
			}
		}
	})
}

// lambdaProgram is the path of the function's program, built for this machine.
var lambdaProgram = sync.OnceValues(func() (string, error) {
	code, err := build("..", runtime.GOOS, runtime.GOARCH)
	if err != nil {
		return "", err
	}
	path := filepath.Join(temporary, program)
	return path, os.WriteFile(path, code, 0o700)
})

// temporary is a directory for what all tests share.
var temporary string

func TestMain(m *testing.M) {
	var err error
	if temporary, err = os.MkdirTemp("", "deploy"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(temporary)
	os.Exit(status)
}

// output runs a program and returns what it prints.
func output(t *testing.T, program func() (string, error), stdin string, args ...string) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = []string{}
	cmd.Stdin = strings.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", path, args, err, &stderr)
	}
	return string(out)
}

// The monitor's template sets settings that exist, to their defaults.
func TestSettings(t *testing.T) {
	help := output(t, lambdaProgram, "", "-help")
	_, resources := deployed(t, "monitor.yaml", variants["monitor.yaml"][0])
	environment := resources["Function"].Properties.(map[string]any)["Environment"]
	variables := environment.(map[string]any)["Variables"].(map[string]any)
	if len(variables) == 0 {
		t.Error("there are none")
	}
	for name, v := range variables {
		if line := regexp.MustCompile(`(?m)^  ` + name + ` .*\(` + fmt.Sprint(v) + `\)$`); !line.MatchString(help) {
			t.Errorf("%s=%v is not in the help as a setting and its default:\n%s", name, v, help)
		}
	}
}
