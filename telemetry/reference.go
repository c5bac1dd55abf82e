package telemetry

import (
	"bytes"
	"fmt"
	"strings"
)

// WarningsReference is the page docs/reference/warnings.md, made from [Warnables]; a test keeps the committed one equal.
func WarningsReference() []byte {
	var page bytes.Buffer
	page.WriteString(`# Health warnings

<!-- Made from telemetry.Warnables by ` + "`go test ./telemetry -run TestWarningsReference -update`" + `; do not edit. -->

Every problem that Ladder can see for itself has a code. The same code, title and hint stand in ` + "`ladder status`" + `, on the
dashboard, in ` + "`/api/v1/status`" + ` and in the metric ` + "`ladder_warning{code,subject,severity}`" + `. A warning that another one
explains is not shown while that one holds.

| severity | what it means |
|---|---|
| critical | users are being failed, or will be within minutes |
| warning | users are still served; somebody should look soon |

| code | severity | title |
|---|---|---|
`)
	for _, warnable := range Warnables() {
		fmt.Fprintf(&page, "| [`%s`](#%s) | %s | %s |\n", warnable.Code, warnable.Code, warnable.Severity, warnable.Title)
	}
	for _, warnable := range Warnables() {
		fmt.Fprintf(&page, "\n## %s\n\n**%s** (%s)\n\n%s\n\n**What to do.** %s\n",
			warnable.Code, warnable.Title, warnable.Severity, warnable.Meaning, warnable.Hint)
		if len(warnable.DependsOn) > 0 {
			codes := make([]string, len(warnable.DependsOn))
			for i, code := range warnable.DependsOn {
				codes[i] = "`" + string(code) + "`"
			}
			fmt.Fprintf(&page, "\nNot shown while one of these holds: %s.\n", strings.Join(codes, ", "))
		}
	}
	return page.Bytes()
}
