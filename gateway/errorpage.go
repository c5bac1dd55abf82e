package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"

	"ladder/http1"
)

// retryAfter is what a client is told to wait before it asks again when no instance is ready, in seconds.
const retryAfter = "2"

// refuse answers a request in the application's stead, when the client can still be answered.
func (c *connection) refuse(why refusal) next {
	x := c.exchange
	info := why.code.Info()
	x.outcome, x.status, x.bytesOut = why, info.Status, 0
	x.keepAlive = x.keepAlive && x.stage == stageForward && !x.streams && !c.listener.draining.Load()
	if info.Status != statusClientClosed {
		if x.id.size == 0 {
			c.gateway.ids.give(&x.id)
		}
		x.out = x.appendErrorPage(x.out[:0], info)
		_ = x.send(x.out, false) // what is to be said of the request is said already
	}
	return c.conclude()
}

// appendErrorPage appends the whole response.
func (x *exchange) appendErrorPage(dst []byte, info CodeInfo) []byte {
	media, body := x.errorBody(info)
	dst = http1.AppendStatusLine(dst, info.Status, "")
	dst = http1.AppendKnown(dst, http1.HeaderServer, x.settings.server)
	dst = http1.AppendKnown(dst, http1.HeaderDate, *x.client.gateway.date.Load())
	dst = http1.AppendField(dst, "Ladder-Error", info.Name)
	dst = http1.AppendKnown(dst, http1.HeaderXRequestID, x.id.bytes())
	dst = http1.AppendKnown(dst, http1.HeaderContentType, media)
	dst = http1.AppendKnown(dst, http1.HeaderXContentTypeOptions, "nosniff")
	dst = http1.AppendKnown(dst, http1.HeaderCacheControl, "no-store")
	dst = http1.AppendContentLength(dst, int64(len(body)))
	switch {
	case info.Code == CodeNoInstance:
		dst = http1.AppendKnown(dst, http1.HeaderRetryAfter, retryAfter)
	case info.Code == CodeMethodRefused:
		dst = http1.AppendKnown(dst, http1.HeaderAllow, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
	}
	switch {
	case !x.keepAlive:
		dst = http1.AppendKnown(dst, http1.HeaderConnection, "close")
	case x.request.Minor == 0:
		dst = http1.AppendKnown(dst, http1.HeaderConnection, "keep-alive")
	}
	dst = http1.AppendEnd(dst)
	if x.request.Method != http1.MethodHead {
		dst = append(dst, body...)
	}
	return dst
}

// errorBody is the page in the form that the client understands: HTML for browsers, JSON for programs that ask for it, else text.
func (x *exchange) errorBody(info CodeInfo) (media, body string) {
	accept := x.request.Value(http1.HeaderAccept)
	switch {
	case bytes.Contains(accept, []byte("text/html")):
		return "text/html; charset=utf-8", fmt.Sprintf(errorPage,
			info.Title, info.Status, info.Title, info.Meaning, failedText(info.Failed), info.Name, html.EscapeString(string(x.id.bytes())))
	case bytes.Contains(accept, []byte("json")):
		return "application/json", x.errorJSON(info)
	}
	return "text/plain; charset=utf-8", fmt.Sprintf("%d %s\n%s\nFailed: %s. Code: %s. Request: %s\n",
		info.Status, info.Title, info.Meaning, failedText(info.Failed), info.Name, x.id.bytes())
}

// errorJSON is stable: programs read it.
func (x *exchange) errorJSON(info CodeInfo) string {
	text, err := json.Marshal(struct {
		Status    int    `json:"status"`
		Code      string `json:"code"`
		Failed    Side   `json:"failed"`
		Title     string `json:"title"`
		Message   string `json:"message"`
		Detail    string `json:"detail,omitempty"`
		RequestID string `json:"request_id"`
	}{info.Status, info.Name, info.Failed, info.Title, info.Meaning, x.outcome.detail, string(x.id.bytes())})
	if err != nil {
		return "{}\n" // cannot be: there are only strings and a number
	}
	return string(text) + "\n"
}

func failedText(side Side) string {
	switch side {
	case SideClient:
		return "the client"
	case SideApplication:
		return "the application"
	default:
		return "Ladder, the gateway in front of the application"
	}
}

// errorPage takes title, status, title, meaning, who failed, code and request id. It loads nothing from elsewhere.
const errorPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>%s</title>
<style>
:root{color-scheme:light dark}
body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;padding:0 1.5rem}
h1{font-size:1.5rem;margin:0 0 .5rem}p{margin:0 0 1rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;font-size:.875rem;opacity:.75}
dd{margin:0;font-family:ui-monospace,monospace;overflow-wrap:anywhere}
</style></head>
<body><p>%d</p><h1>%s</h1><p>%s</p>
<dl><dt>Failed</dt><dd>%s</dd><dt>Code</dt><dd>%s</dd><dt>Request</dt><dd>%s</dd></dl>
</body></html>
`
