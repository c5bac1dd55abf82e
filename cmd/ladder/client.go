package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"ladder/config"
	"ladder/internal/hint"
	"ladder/node"
)

const (
	// askTimeout bounds a question to the node; applyTimeout a change, which may replace many slow instances.
	askTimeout   = 10 * time.Second
	applyTimeout = 30 * time.Minute

	answerLimit = 16 << 20 // bytes of an answer that are read
)

// client talks to the node that runs on the directory of a file.
type client struct {
	base      string // of the API: http://127.0.0.1:9900
	directory node.Directory
	bearer    string // for reading, where admin asks for a token
}

// connect finds the running node of a file. The error is node.ErrNotRunning when there is none.
func connect(file *config.Config) (*client, error) {
	directory := node.DirectoryOf(file)
	running, err := directory.Running()
	if err != nil {
		return nil, err
	}
	if running.Admin == "" {
		return nil, hint.Errorf("set admin.listen in the file and start the node again", "the node (process %d) has no API: admin.listen is off", running.PID)
	}
	return &client{base: running.Admin, directory: directory, bearer: file.Admin.Token.Reveal()}, nil
}

// loadAndConnect reads a file and finds the node that runs on its directory.
func loadAndConnect(file string) (*config.Config, *client, error) {
	read, err := load(file)
	if err != nil {
		return nil, nil, err
	}
	running, err := connect(read)
	return read, running, err
}

// get reads a document.
func (c *client) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return c.ask(ctx, http.MethodGet, path, c.bearer, nil, into)
}

// act does something to the node, which needs the token that only the node's own user can read.
func (c *client) act(ctx context.Context, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	token, err := c.directory.Token()
	if err != nil {
		return err
	}
	return c.ask(ctx, http.MethodPost, path, token, body, into)
}

func (c *client) ask(ctx context.Context, method, path, token string, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking the node: %w", err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/yaml")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return hint.Wrap(fmt.Errorf("asking the node: %w: %w", node.ErrNotRunning, err), "ladder up starts one; if it was killed, the next start tidies up")
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return fmt.Errorf("reading the node's answer: %w", err)
	}
	if response.StatusCode/100 != 2 {
		return refusal(response.Status, text)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading the node's answer: %w", err)
	}
	return nil
}

// refusal is the API's error document as an error.
func refusal(status string, text []byte) error {
	var document struct {
		Error    string          `json:"error"`
		Hint     string          `json:"hint"`
		Problems config.Problems `json:"problems"`
	}
	switch err := json.Unmarshal(text, &document); {
	case err != nil || document.Error == "":
		return fmt.Errorf("the node answers %s: %s", status, strings.TrimSpace(string(text)))
	case len(document.Problems) > 0:
		return document.Problems
	case document.Hint != "":
		return hint.Wrap(errors.New(document.Error), document.Hint)
	}
	return errors.New(document.Error)
}
