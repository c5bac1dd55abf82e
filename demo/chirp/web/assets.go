package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strings"

	"ladder/demo/chirp/store"
)

//go:embed static/*
var staticFiles embed.FS

// asset is one static file. Its address carries a hash of its content, so browsers and caches may keep it forever.
type asset struct {
	address     string
	contentType string
	tag         string
	content     []byte
	gzipped     []byte // nil where it would not be smaller
}

// assets are all static files by their plain names.
type assets struct {
	byName map[string]*asset
}

// hashLength of the hexadecimal hash in an address.
const hashLength = 12

func loadAssets() (*assets, error) {
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		return nil, fmt.Errorf("listing static files: %w", err)
	}
	all := &assets{byName: make(map[string]*asset, len(entries))}
	for _, entry := range entries {
		content, err := staticFiles.ReadFile("static/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("reading a static file: %w", err)
		}
		if all.byName[entry.Name()], err = newAsset(entry.Name(), content); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func newAsset(name string, content []byte) (*asset, error) {
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:])[:hashLength]
	extension := path.Ext(name)
	a := &asset{
		address:     "/static/" + strings.TrimSuffix(name, extension) + "." + hash + extension,
		contentType: mime.TypeByExtension(extension), tag: hash, content: content,
	}
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("compressing %s: %w", name, err)
	}
	if _, err := writer.Write(content); err != nil {
		return nil, fmt.Errorf("compressing %s: %w", name, err)
	}
	if err := writer.Close(); err != nil {
		return nil, fmt.Errorf("compressing %s: %w", name, err)
	}
	if packed.Len() < len(content) {
		a.gzipped = packed.Bytes()
	}
	return a, nil
}

// serve answers NAME.HASH.EXTENSION. While versions of chirp run side by side, a page of one may ask the other for a hash
// that it does not know; it gets what there is, but must not keep it.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	extension := path.Ext(name)
	stem := strings.TrimSuffix(name, extension)
	file, ok := a.byName[strings.TrimSuffix(stem, path.Ext(stem))+extension]
	if !ok {
		return store.ErrNotFound
	}
	keep := "no-cache"
	if path.Ext(stem) == "."+file.tag {
		keep = immutable
	}
	return file.serve(w, r, keep)
}

func (file *asset) serve(w http.ResponseWriter, r *http.Request, keep string) error {
	header := w.Header()
	header.Set("Vary", "Accept-Encoding")
	body, tag := file.content, `"`+file.tag+`"`
	if file.gzipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		body, tag = file.gzipped, `"`+file.tag+`-gzip"`
	}
	if notModified(w, r, tag, keep) {
		return nil
	}
	if tag != `"`+file.tag+`"` {
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("Content-Type", file.contentType)
	header.Set("Cache-Control", keep)
	header.Set("ETag", tag)
	return write(w, http.StatusOK, body)
}

// favicon is what browsers ask for without being told to.
func (s *Server) favicon(w http.ResponseWriter, r *http.Request) error {
	return s.assets.byName["bird.svg"].serve(w, r, "public, max-age=86400")
}

// notModified answers 304 when the browser has what tag names (RFC 9110 §13.1.2).
func notModified(w http.ResponseWriter, r *http.Request, tag, keep string) bool {
	for candidate := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if strings.TrimPrefix(strings.TrimSpace(candidate), "W/") == tag {
			w.Header().Set("ETag", tag)
			w.Header().Set("Cache-Control", keep)
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}
