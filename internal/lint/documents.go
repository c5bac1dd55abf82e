package lint

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"strings"
	"unicode"

	"ladder/internal/doctest"
)

var (
	fencedBlock  = regexp.MustCompile("(?ms)^ *(```+|~~~+).*?^ *(```+|~~~+) *$")
	inlineCode   = regexp.MustCompile("`[^`\n]*`")
	inlineLink   = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	referenced   = regexp.MustCompile(`(?m)^ {0,3}\[[^\]]+\]:\s*(\S+)`)
	imageSource  = regexp.MustCompile(`<(?:img|a)[^>]*\s(?:src|href)="([^"]+)"`)
	heading      = regexp.MustCompile(`(?m)^#{1,6} +(.*?)(?: +#+)? *$`)
	elsewhere    = regexp.MustCompile(`^(?:[a-z][a-z0-9+.-]*:|//)`)
	linkInHeader = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// Links wants every relative link of a Markdown file to lead somewhere, and some link to lead to every page of docs.
func Links(tree *Tree) []Finding {
	var findings []Finding
	linked := map[string]bool{}
	for _, file := range tree.Files {
		if path.Ext(file.Path) != ".md" || isTestdata(file.Path) {
			continue
		}
		for _, target := range linksOf(string(file.Text)) {
			if message := tree.brokenLink(file, target); message != "" {
				findings = append(findings, Finding{File: file.Path, Message: message})
			}
			if destination, _ := resolveLink(file, target); destination != file.Path {
				linked[destination] = true
			}
		}
	}
	for _, file := range tree.Files {
		if below(file.Directory(), "docs") && path.Ext(file.Path) == ".md" && !linked[file.Path] {
			findings = append(findings, Finding{File: file.Path, Message: "no page leads here; link to it from the index of its directory"})
		}
	}
	return findings
}

// resolveLink splits a relative link into the file that it leads to and the anchor in it.
func resolveLink(from File, target string) (destination, anchor string) {
	name, anchor, _ := strings.Cut(target, "#")
	if name == "" {
		return from.Path, anchor
	}
	return path.Join(from.Directory(), name), anchor
}

func linksOf(text string) []string {
	text = inlineCode.ReplaceAllString(fencedBlock.ReplaceAllString(text, ""), "")
	var targets []string
	for _, expression := range []*regexp.Regexp{inlineLink, referenced, imageSource} {
		for _, match := range expression.FindAllStringSubmatch(text, -1) {
			if !elsewhere.MatchString(match[1]) {
				targets = append(targets, match[1])
			}
		}
	}
	return targets
}

// brokenLink says why a link leads nowhere, or nothing.
func (t *Tree) brokenLink(from File, target string) string {
	destination, anchor := resolveLink(from, target)
	if !t.Has(destination) {
		return fmt.Sprintf("the link to %s leads nowhere; write the file, or mend the link", target)
	}
	if anchor == "" || path.Ext(destination) != ".md" {
		return ""
	}
	for _, file := range t.Files {
		if file.Path == destination && !anchors(string(file.Text))[anchor] {
			return fmt.Sprintf("%s has no heading for #%s", destination, anchor)
		}
	}
	return ""
}

// anchors are the names under which a Markdown file's headings can be linked to.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, match := range heading.FindAllStringSubmatch(fencedBlock.ReplaceAllString(text, ""), -1) {
		slug := slugOf(match[1])
		for n, name := 1, slug; ; n++ {
			if !all[name] {
				all[name] = true
				break
			}
			name = fmt.Sprintf("%s-%d", slug, n)
		}
	}
	return all
}

// slugOf turns a heading into an anchor as code forges do: lower case, spaces become hyphens, other signs go.
func slugOf(title string) string {
	title = linkInHeader.ReplaceAllString(title, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

// DocumentedCommands wants every block of commands in the documents to say how it is proved, and the Go tests that it
// names to exist. See package doctest.
func DocumentedCommands(tree *Tree) []Finding {
	var findings []Finding
	tests := tree.testFunctions()
	for _, file := range tree.Files {
		if !doctest.IsDocument(file.Path) {
			continue
		}
		blocks, err := doctest.Parse(file.Path, file.Text)
		if err != nil {
			findings = append(findings, Finding{File: file.Path, Message: err.Error()})
		}
		for _, block := range blocks {
			covered := block.Attributes["covered"]
			switch err := block.Check(); {
			case err != nil:
				findings = append(findings, Finding{file.Path, block.Line, strings.TrimPrefix(err.Error(), block.Place()+": ")})
			case covered != "" && !tests[covered]:
				findings = append(findings, Finding{file.Path, block.Line, fmt.Sprintf("there is no Go test called %s", covered)})
			}
		}
	}
	return findings
}

// testFunctions are the names of all Go tests.
func (t *Tree) testFunctions() map[string]bool {
	names := map[string]bool{}
	for file := range t.Source {
		if !file.IsTest() {
			continue
		}
		for _, declaration := range file.Go.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && strings.HasPrefix(function.Name.Name, "Test") {
				names[function.Name.Name] = true
			}
		}
	}
	return names
}
