package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// This file reads a template as CloudFormation does: it fills in the parameters
// and resolves the functions, so that resources with plain properties are left.

// template is a template as written; a function such as !Ref X is a call in it.
type template struct {
	Transform  string
	Parameters map[string]parameter
	Conditions map[string]any
	Resources  map[string]resource
	Outputs    map[string]any
}

type parameter struct {
	Type               string
	Default            any
	MinValue, MaxValue *float64
	AllowedValues      []any
	AllowedPattern     string
}

type resource struct {
	Type, Condition string
	Properties      any
}

// call is a function of CloudFormation and its argument.
type call struct {
	name string // Ref, GetAtt, If, …
	arg  any
}

// noValue is !Ref AWS::NoValue, which leaves a property out.
type noValue struct{}

func readTemplate(name string) (*template, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Unmarshal(content, &root); err != nil {
		return nil, err
	}
	value, err := plain(root.Content[0])
	if err != nil {
		return nil, err
	}
	sections, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the template is a %T", value)
	}
	t := &template{Parameters: map[string]parameter{}, Resources: map[string]resource{}}
	for section, v := range sections {
		switch section {
		case "AWSTemplateFormatVersion", "Description":
		case "Transform":
			t.Transform, _ = v.(string)
		case "Conditions":
			t.Conditions, _ = v.(map[string]any)
		case "Outputs":
			t.Outputs, _ = v.(map[string]any)
		case "Parameters":
			for name, p := range v.(map[string]any) {
				if t.Parameters[name], err = readParameter(p.(map[string]any)); err != nil {
					return nil, fmt.Errorf("parameter %s: %w", name, err)
				}
			}
		case "Resources":
			for name, r := range v.(map[string]any) {
				if t.Resources[name], err = readResource(r.(map[string]any)); err != nil {
					return nil, fmt.Errorf("resource %s: %w", name, err)
				}
			}
		default:
			return nil, fmt.Errorf("section %s", section)
		}
	}
	return t, nil
}

func readParameter(members map[string]any) (p parameter, err error) {
	for name, v := range members {
		switch name {
		case "Type":
			p.Type, _ = v.(string)
		case "Default":
			p.Default = v
		case "MinValue", "MaxValue":
			n := float64(v.(int))
			if name == "MinValue" {
				p.MinValue = &n
			} else {
				p.MaxValue = &n
			}
		case "AllowedValues":
			p.AllowedValues, _ = v.([]any)
		case "AllowedPattern":
			p.AllowedPattern, _ = v.(string)
		case "Description":
		default:
			return p, fmt.Errorf("member %s", name)
		}
	}
	if p.Type != "String" && p.Type != "Number" {
		return p, fmt.Errorf("type %q", p.Type)
	}
	return p, nil
}

func readResource(members map[string]any) (r resource, err error) {
	for name, v := range members {
		switch name {
		case "Type":
			r.Type, _ = v.(string)
		case "Condition":
			r.Condition, _ = v.(string)
		case "Properties":
			r.Properties = v
		case "DeletionPolicy", "UpdateReplacePolicy":
			if v != "Retain" && v != "Delete" {
				return r, fmt.Errorf("%s %v", name, v)
			}
		default:
			return r, fmt.Errorf("member %s", name)
		}
	}
	return r, nil
}

// plain turns a node into Go values, and a tag such as !Ref into a call. A name
// that stands twice in a mapping is an error.
func plain(n *yaml.Node) (any, error) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		name := n.Tag[1:]
		inner := *n
		inner.Tag = ""
		if inner.Kind == yaml.ScalarNode {
			if name == "GetAtt" {
				target, attribute, _ := strings.Cut(n.Value, ".")
				return call{name, []any{target, attribute}}, nil
			}
			return call{name, n.Value}, nil
		}
		arg, err := plain(&inner)
		return call{name, arg}, err
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i].Value
			if _, twice := m[key]; twice {
				return nil, fmt.Errorf("line %d: %s stands twice", n.Content[i].Line, key)
			}
			v, err := plain(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[key] = v
		}
		return m, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			v, err := plain(c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	var v any
	err := n.Decode(&v)
	return v, err
}

// accepts says what is wrong with a value for the parameter.
func (p parameter) accepts(v any) error {
	text := fmt.Sprint(v)
	if p.Type == "Number" {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return err
		}
		if p.MinValue != nil && n < *p.MinValue || p.MaxValue != nil && n > *p.MaxValue {
			return fmt.Errorf("%s is out of its range", text)
		}
	}
	if p.AllowedValues != nil && !slices.ContainsFunc(p.AllowedValues,
		func(a any) bool { return fmt.Sprint(a) == text }) {
		return fmt.Errorf("%s is not one of %v", text, p.AllowedValues)
	}
	if p.AllowedPattern != "" {
		if pattern, err := regexp.Compile("^(?:" + p.AllowedPattern + ")$"); err != nil || !pattern.MatchString(text) {
			return fmt.Errorf("%q does not match %s (%v)", text, p.AllowedPattern, err)
		}
	}
	return nil
}

// stack is a template with values for its parameters.
type stack struct {
	*template
	values map[string]any
}

// deploy fills in parameters; those that are not given have their defaults.
func (t *template) deploy(given map[string]any) (*stack, error) {
	s := &stack{t, map[string]any{}}
	for name, p := range t.Parameters {
		v, ok := given[name]
		if !ok {
			v = p.Default
		}
		if v == nil {
			return nil, fmt.Errorf("parameter %s has no value", name)
		}
		if err := p.accepts(v); err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		s.values[name] = v
	}
	for name := range given {
		if _, ok := t.Parameters[name]; !ok {
			return nil, fmt.Errorf("there is no parameter %s", name)
		}
	}
	return s, nil
}

// resources are those whose condition holds, with plain properties.
func (s *stack) resources() (map[string]resource, error) {
	out := map[string]resource{}
	for name, r := range s.Resources {
		there, err := s.exists(name)
		if err != nil {
			return nil, err
		}
		if !there {
			continue
		}
		if r.Properties, err = s.resolve(r.Properties); err != nil {
			return nil, fmt.Errorf("resource %s: %w", name, err)
		}
		out[name] = r
	}
	return out, nil
}

// exists reports whether the resource is in the template and its condition
// holds.
func (s *stack) exists(name string) (bool, error) {
	r, ok := s.Resources[name]
	if !ok || r.Condition == "" {
		return ok, nil
	}
	return s.holds(r.Condition)
}

// holds reports whether a condition holds.
func (s *stack) holds(name string) (bool, error) {
	c, ok := s.Conditions[name]
	if !ok {
		return false, fmt.Errorf("there is no condition %s", name)
	}
	v, err := s.resolve(c)
	if err != nil {
		return false, fmt.Errorf("condition %s: %w", name, err)
	}
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("condition %s is %v", name, v)
	}
	return b, nil
}

// resolve makes plain values of v.
func (s *stack) resolve(v any) (any, error) {
	switch v := v.(type) {
	case call:
		return s.function(v)
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			r, err := s.resolve(member)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if r != (noValue{}) {
				out[name] = r
			}
		}
		return out, nil
	case []any:
		out := []any{}
		for _, element := range v {
			r, err := s.resolve(element)
			if err != nil {
				return nil, err
			}
			if r != (noValue{}) {
				out = append(out, r)
			}
		}
		return out, nil
	}
	return v, nil
}

// function resolves a call.
func (s *stack) function(c call) (any, error) {
	switch c.name {
	case "Ref":
		return s.ref(fmt.Sprint(c.arg))
	case "GetAtt":
		a := c.arg.([]any)
		return s.attribute(fmt.Sprint(a[0]), fmt.Sprint(a[1]))
	case "If":
		a := c.arg.([]any)
		yes, err := s.holds(fmt.Sprint(a[0]))
		if err != nil || len(a) != 3 {
			return nil, fmt.Errorf("If of %d: %w", len(a), err)
		}
		if yes {
			return s.resolve(a[1])
		}
		return s.resolve(a[2])
	case "Sub":
		text, names := c.arg, any(nil)
		if a, ok := c.arg.([]any); ok {
			text, names = a[0], a[1]
		}
		return s.substitute(fmt.Sprint(text), names)
	}
	r, err := s.resolve(c.arg)
	if err != nil {
		return nil, err
	}
	a, _ := r.([]any)
	switch c.name {
	case "Equals":
		return fmt.Sprint(a[0]) == fmt.Sprint(a[1]), nil
	case "Not":
		return !a[0].(bool), nil
	case "Select":
		return a[1].([]any)[a[0].(int)], nil
	case "Split":
		var parts []any
		for p := range strings.SplitSeq(a[1].(string), a[0].(string)) {
			parts = append(parts, p)
		}
		return parts, nil
	}
	return nil, fmt.Errorf("function %s", c.name)
}

const account = "us-east-1:123456789012"

func (s *stack) ref(name string) (any, error) {
	switch name {
	case "AWS::NoValue":
		return noValue{}, nil
	case "AWS::StackName":
		return "watch", nil
	case "AWS::Region":
		return "us-east-1", nil
	}
	if v, ok := s.values[name]; ok {
		return v, nil
	}
	if there, err := s.exists(name); err != nil || !there {
		return nil, fmt.Errorf("Ref of %s, which is not there: %w", name, err)
	}
	switch s.Resources[name].Type {
	case "AWS::Kinesis::StreamConsumer":
		return "arn:aws:kinesis:" + account + ":stream/orders/consumer/watch:1700000000", nil
	case "AWS::Lambda::EventSourceMapping":
		return "14e0db71-5d35-4eb5-b481-8945cf9d10c2", nil
	}
	return "watch-" + name + "-1A2B3C", nil
}

func (s *stack) attribute(name, attribute string) (any, error) {
	if there, err := s.exists(name); err != nil || !there {
		return nil, fmt.Errorf("GetAtt of %s, which is not there: %w", name, err)
	}
	arns := map[string]string{
		"AWS::IAM::Role":       "arn:aws:iam::123456789012:role/",
		"AWS::S3::Bucket":      "arn:aws:s3:::",
		"AWS::Kinesis::Stream": "arn:aws:kinesis:" + account + ":stream/",
		"AWS::Logs::LogGroup":  "arn:aws:logs:" + account + ":log-group:",
	}
	arn := arns[s.Resources[name].Type]
	if attribute != "Arn" || arn == "" {
		return nil, fmt.Errorf("GetAtt of %s.%s", name, attribute)
	}
	return arn + "watch-" + name + "-1A2B3C", nil
}

var placeholder = regexp.MustCompile(`\$\{([^}]+)\}`)

// substitute fills in the placeholders of a text, from names, parameters and
// resources.
func (s *stack) substitute(text string, names any) (any, error) {
	own, failed := s.resolve(names)
	text = placeholder.ReplaceAllStringFunc(text, func(m string) string {
		name := placeholder.FindStringSubmatch(m)[1]
		var v any
		var err error
		if n, ok := own.(map[string]any); ok && n[name] != nil {
			return fmt.Sprint(n[name])
		}
		if target, attribute, ok := strings.Cut(name, "."); ok {
			v, err = s.attribute(target, attribute)
		} else {
			v, err = s.ref(name)
		}
		if err != nil {
			failed = err
		}
		return fmt.Sprint(v)
	})
	return text, failed
}
