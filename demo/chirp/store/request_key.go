package store

import (
	"context"
	"crypto/rand"
)

// MaxRequestKey is the longest key of a request, in bytes.
const MaxRequestKey = 255

type requestKeyOf struct{}

// WithRequestKey gives what is made under ctx the key that the client gave the request: when the same request comes again,
// because its first answer was lost, what it made is found by the key instead of made twice. Keys count for one user each.
// Following, liking and deleting need none: doing them twice is doing them once.
func WithRequestKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, requestKeyOf{}, key)
}

// givenRequestKey is the client's key, empty when it gave none.
func givenRequestKey(ctx context.Context) string {
	key, _ := ctx.Value(requestKeyOf{}).(string)
	return key
}

// requestKey is the client's key, or a fresh one, by which a statement that is repeated after its connection broke finds what
// its first try has made.
func requestKey(ctx context.Context) string {
	if key := givenRequestKey(ctx); key != "" {
		return key
	}
	return rand.Text()
}
