package router_test

import (
	"context"
	"errors"
	"testing"

	"github.com/valyala/fastjson"

	"example.com/sluice/decoder"
	"example.com/sluice/router"
)

func TestJSONValue(t *testing.T) {
	sum, bad := 0, 0
	h := router.JSONValue(func(_ context.Context, _ *decoder.Record, v *fastjson.Value) error {
		sum += v.GetInt()
		if v.GetInt() == 3 {
			return errBoom
		}
		return nil
	})
	onBad := router.WithOnBad(func(_ context.Context, rec *decoder.Record, err error) error {
		if bad++; !errors.Is(err, decoder.ErrDecode) || !errors.Is(err, decoder.ErrSyntax) || rec.Index != 1 {
			t.Errorf("record %d: %v", rec.Index, err)
		}
		return nil
	})
	answer, err := router.New(h, quiet(), onBad).Invoke(context.Background(), event("aa?aaa"))
	answers(t, answer, err, answerFrom(3))
	if sum != 0+2+3 || bad != 1 {
		t.Errorf("the sum is %d, %d are bad", sum, bad)
	}
}
