package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"ladder/demo/chirp/store"
	"ladder/demo/chirp/thumbnail"
)

// Three kinds of handlers, by what they want to know of who asks. An error they return becomes a page or JSON.
type (
	pageHandler   func(w http.ResponseWriter, r *http.Request, me *store.User) error // nil: not signed in
	memberHandler func(w http.ResponseWriter, r *http.Request, me store.User) error
	plainHandler  func(w http.ResponseWriter, r *http.Request) error
)

func (s *Server) plain(handle plainHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			s.fail(w, r, nil, err)
		}
	})
}

func (s *Server) forAnybody(handle pageHandler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// What a page shows depends on who asks, and changes: caches may keep it only to ask again.
		w.Header().Set("Cache-Control", "private, no-cache")
		w.Header().Set("Vary", "Cookie")
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit(r))
		me, err := s.viewer(r)
		if err == nil {
			err = handle(w, r, me)
		}
		if err != nil {
			s.fail(w, r, me, err)
		}
	})
}

func (s *Server) forMembers(handle memberHandler) http.Handler {
	return s.forAnybody(func(w http.ResponseWriter, r *http.Request, me *store.User) error {
		switch {
		case me != nil:
			return handle(w, r, *me)
		case wantsJSON(r):
			return &statusError{http.StatusUnauthorized, "Sign in first.", ""}
		default:
			http.Redirect(w, r, "/signin", http.StatusSeeOther)
			return nil
		}
	})
}

const (
	maxFormBody   = 64 << 10 // bytes of a request without an image
	maxImage      = 5 << 20  // bytes of an uploaded image
	maxUploadBody = maxImage + maxFormBody
)

func bodyLimit(r *http.Request) int64 {
	if r.URL.Path == "/posts" || r.URL.Path == "/images" {
		return maxUploadBody
	}
	return maxFormBody
}

// statusError is an error that the person who asks should read.
type statusError struct {
	status  int
	message string
	field   string // of the form, if one is to blame
}

func (e *statusError) Error() string { return strconv.Itoa(e.status) + ": " + e.message }

// explain turns any error into what may be told to whoever asked.
func explain(err error) *statusError {
	var told *statusError
	var invalid *store.InvalidError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &told):
		return told
	case errors.Is(err, store.ErrTaken):
		return &statusError{http.StatusConflict, store.ErrTaken.Message, store.ErrTaken.Field}
	case errors.As(err, &invalid):
		return &statusError{http.StatusUnprocessableEntity, invalid.Message, invalid.Field}
	case errors.Is(err, store.ErrNotFound):
		return &statusError{http.StatusNotFound, "There is nothing at this address.", ""}
	case errors.As(err, &large):
		return &statusError{http.StatusRequestEntityTooLarge, "That is too large. Images may have up to 5 MiB.", "image"}
	case errors.Is(err, thumbnail.ErrFormat), errors.Is(err, thumbnail.ErrTooLarge):
		return &statusError{http.StatusUnprocessableEntity, "Please choose a JPEG, PNG or GIF of up to 16 megapixels.", "image"}
	case store.Unavailable(err):
		return &statusError{http.StatusServiceUnavailable, "The database does not answer. Please try again in a moment.", ""}
	default:
		return &statusError{http.StatusInternalServerError, "Something went wrong on our side.", ""}
	}
}

// fail answers with an error, as JSON or as a page, and logs it if it is ours.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, me *store.User, err error) {
	told := explain(err)
	if told.status >= http.StatusInternalServerError {
		s.logger.LogAttrs(r.Context(), slog.LevelError, "request failed", slog.String("method", r.Method),
			slog.String("path", r.URL.Path), slog.Int("status", told.status),
			slog.String("request_id", r.Header.Get("X-Request-Id")), slog.Any("error", err))
	}
	if told.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Cache-Control", "no-store")
	if wantsJSON(r) {
		err = writeJSON(w, told.status, map[string]any{"error": map[string]any{
			"status": told.status, "message": told.message, "field": told.field,
		}})
	} else {
		err = s.render(w, told.status, view{Page: "error", Title: http.StatusText(told.status), Me: me, Error: told})
	}
	if err != nil {
		s.logger.Debug("the error page was not delivered", "error", err)
	}
}

func wantsJSON(r *http.Request) bool {
	path := r.URL.Path
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/work/") || path == "/healthz" || path == "/images" ||
		strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}

func writeJSON(w http.ResponseWriter, status int, document any) error {
	body, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("encoding a response: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	return write(w, status, append(body, '\n'))
}

// write sends a whole body with its length. That the client is gone by then is nobody's failure.
func write(w http.ResponseWriter, status int, body []byte) error {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}

// buffers hold pages while they are rendered: a page that fails halfway must become an error, not half a page.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// render answers with a page.
func (s *Server) render(w http.ResponseWriter, status int, page view) error {
	buffer, ok := buffers.Get().(*bytes.Buffer)
	if !ok {
		buffer = new(bytes.Buffer)
	}
	defer buffers.Put(buffer)
	buffer.Reset()
	if err := s.templates[page.Page].ExecuteTemplate(buffer, "layout", &page); err != nil {
		return fmt.Errorf("rendering %s: %w", page.Page, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return write(w, status, buffer.Bytes())
}

// nothingHere answers every address that is not in the table.
func (s *Server) nothingHere(http.ResponseWriter, *http.Request, *store.User) error {
	return store.ErrNotFound
}
