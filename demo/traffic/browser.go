package traffic

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

const (
	// requestTimeout bounds one request with its whole answer. People do not wait longer.
	requestTimeout = 15 * time.Second
	dialTimeout    = 5 * time.Second
	// cutGrace is what a request in flight gets when the traffic ends.
	cutGrace = 2 * time.Second
	// maxResponse bounds the memory of one answer, in bytes.
	maxResponse = 16 << 20
	bufferSize  = 8 << 10 // of a connection's reader, in bytes
)

// site is what all people know of the target.
type site struct {
	url       *url.URL
	address   string // host:port to connect to
	usernames []string
	pictures  func() [][]byte // JPEGs to post
}

func newSite(target *url.URL) *site {
	port := target.Port()
	if port == "" {
		port = "80"
	}
	return &site{
		url: target, address: net.JoinHostPort(target.Hostname(), port), pictures: lazyPictures(),
	}
}

// browser is one person's: cookies, one kept-alive connection, and a cache of what may be kept. It is used by one
// goroutine at a time.
type browser struct {
	site    *site
	jar     *cookiejar.Jar
	cached  map[string]string // path → entity tag
	conn    *net.TCPConn
	reader  *bufio.Reader
	request []byte       // reused for each request
	body    bytes.Buffer // of the last response
}

func newBrowser(target *site) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("making a cookie jar: %w", err)
	}
	return &browser{site: target, jar: jar, cached: make(map[string]string)}, nil
}

// request is what a person wants; path includes the query.
type request struct {
	method, path string
	contentType  string
	body         []byte
	ifNoneMatch  string
}

// response is what came. Its body is overwritten by the next one.
type response struct {
	status int
	header http.Header
	body   []byte
}

// errNoAnswer is a connection that ended before the first byte of a response.
var errNoAnswer = errors.New("the connection closed without an answer")

// send makes one request. It reports whether a GET had to be repeated because the connection was closed underneath.
func (b *browser) send(ctx context.Context, want request) (got response, retried bool, err error) {
	reused, err := b.connect(ctx)
	if err != nil {
		return response{}, false, err
	}
	got, err = b.exchange(ctx, want)
	if err == nil || !reused || want.method != http.MethodGet || !errors.Is(err, errNoAnswer) || ctx.Err() != nil {
		return got, false, err
	}
	if _, err := b.connect(ctx); err != nil {
		return response{}, true, err
	}
	got, err = b.exchange(ctx, want)
	return got, true, err
}

// connect makes sure that there is a connection, and tells whether it served a request before.
func (b *browser) connect(ctx context.Context) (reused bool, err error) {
	if b.conn != nil && alive(b.conn) {
		return true, nil
	}
	b.close()
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", b.site.address)
	if err != nil {
		return false, fmt.Errorf("connecting: %w", err)
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return false, fmt.Errorf("connected by %T instead of TCP", conn)
	}
	b.conn = tcp
	if b.reader == nil {
		b.reader = bufio.NewReaderSize(tcp, bufferSize)
	}
	b.reader.Reset(tcp)
	return false, nil
}

// alive asks the kernel whether the other side has closed a connection that nothing is expected on.
func alive(conn *net.TCPConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	open := false
	err = raw.Read(func(fd uintptr) bool {
		var peeked [1]byte
		_, _, err := syscall.Recvfrom(int(fd), peeked[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		open = errors.Is(err, syscall.EAGAIN) // neither closed, nor an answer to a question that nobody asked
		return true
	})
	return err == nil && open
}

func (b *browser) close() {
	if b.conn != nil {
		_ = b.conn.Close() // there is nothing more to lose on it
		b.conn = nil
	}
}

// exchange sends a request on the connection and reads the whole response. After a failure the connection is closed.
func (b *browser) exchange(ctx context.Context, want request) (response, error) {
	conn := b.conn
	_ = conn.SetDeadline(time.Now().Add(requestTimeout)) // fails on a closed connection only, as the next line will
	uncut := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now().Add(cutGrace)) })
	defer uncut()
	got, keep, err := b.roundTrip(want)
	if err != nil || !keep {
		b.close()
	}
	return got, err
}

func (b *browser) roundTrip(want request) (got response, keep bool, err error) {
	b.compose(want)
	if _, err := b.conn.Write(b.request); err != nil {
		return response{}, false, fmt.Errorf("sending: %w", errors.Join(err, b.nothingCame()))
	}
	if _, err := b.reader.Peek(1); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
			return response{}, false, fmt.Errorf("%w: %w", errNoAnswer, err)
		}
		return response{}, false, fmt.Errorf("waiting for an answer: %w", err)
	}
	answer, err := http.ReadResponse(b.reader, &http.Request{Method: want.method})
	if err != nil {
		return response{}, false, fmt.Errorf("reading the head of the answer: %w", err)
	}
	defer answer.Body.Close()
	got = response{status: answer.StatusCode, header: answer.Header}
	b.body.Reset()
	n, err := b.body.ReadFrom(io.LimitReader(answer.Body, maxResponse))
	if err != nil {
		return got, false, fmt.Errorf("reading the answer's body after %d bytes: %w", n, err)
	}
	got.body = b.body.Bytes()
	if len(answer.Header["Set-Cookie"]) > 0 {
		b.jar.SetCookies(b.site.url, answer.Cookies())
	}
	return got, !answer.Close && n < maxResponse, nil
}

// nothingCame is [errNoAnswer] unless the server managed to say something before the connection broke.
func (b *browser) nothingCame() error {
	if b.reader.Buffered() == 0 {
		if _, err := b.reader.Peek(1); err != nil {
			return errNoAnswer
		}
	}
	return errors.New("the server answered before it had the whole request, and closed")
}

// compose writes the request as a browser would, into the reused buffer.
func (b *browser) compose(want request) {
	text := append(b.request[:0], want.method...)
	text = append(append(append(text, ' '), want.path...), " HTTP/1.1\r\nHost: "...)
	text = append(append(text, b.site.url.Host...),
		"\r\nUser-Agent: chirp-traffic/1\r\nAccept: text/html,image/*,*/*;q=0.8\r\nAccept-Language: en\r\n"...)
	if cookies := b.jar.Cookies(b.site.url); len(cookies) > 0 {
		text = append(text, "Cookie: "...)
		for i, cookie := range cookies {
			if i > 0 {
				text = append(text, "; "...)
			}
			text = append(append(append(text, cookie.Name...), '='), cookie.Value...)
		}
		text = append(text, "\r\n"...)
	}
	if want.ifNoneMatch != "" {
		text = append(append(append(text, "If-None-Match: "...), want.ifNoneMatch...), "\r\n"...)
	}
	if want.method != http.MethodGet {
		text = append(append(append(text, "Origin: http://"...), b.site.url.Host...),
			"\r\nSec-Fetch-Site: same-origin\r\nIdempotency-Key: \""...)
		text = append(append(text, rand.Text()...), "\"\r\nContent-Length: "...) // as the site's own script sends it
		text = append(strconv.AppendInt(text, int64(len(want.body)), 10), "\r\n"...)
		if want.contentType != "" {
			text = append(append(append(text, "Content-Type: "...), want.contentType...), "\r\n"...)
		}
	}
	b.request = append(append(text, "\r\n"...), want.body...)
}
