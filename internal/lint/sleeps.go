package lint

import (
	"fmt"
	"go/ast"
)

// sleeps are calls of time.Sleep that are right, as "path: function", with the reason.
var sleeps = map[string]string{
	"gateway/listener.go: accepting":                                  "out of descriptors there is nothing to wait for; the pause is some milliseconds, and a closed listener ends the loop",
	"supervise/app_test.go: serve":                                    "the application under test is slow when it is asked to be",
	"demo/chirp/store/store.go: attempt":                              "one pause of some milliseconds before one retry, in an operation that outlives its caller on purpose",
	"internal/filelock/filelock.go: holder":                           "a bounded number of looks at a file that its owner writes within a millisecond",
	"internal/process/guard.go: endMarked":                            "the guardian ends what a dead Ladder left behind and then itself; there is nothing that could cancel it",
	"gateway/cost_test.go: TestIdleConnectionsAreCheap":               "how much is left when the sweeper has gone round some times is what is measured",
	"gateway/timeouts_test.go: TestResponseTimeoutBeginsAfterTheBody": "a client that pauses longer than the time-out is what is tested",
	"gateway/timeouts_test.go: TestHalfClosedClientIsStillAnswered":   "an application that answers late is what is tested",
	"gateway/upstream_test.go: TestStaleConnectionsCostNobodyAnError": "an application that closes a little later than its answer is what is tested",
	"internal/socket/socket_test.go: TestReadWaitsAndSeesTheEnd":      "a peer that says something a little later is what is tested",
	"test/testapp/main.go: slow":                                      "being slow for as long as it is asked to is what this handler is for",
}

// NoSleeps refuses to wait for a time instead of a condition. Allowed are the pause between two looks at a condition, that is
// inside a loop of a test, and tests on a fake clock (testing/synctest).
func NoSleeps(tree *Tree) []Finding {
	var findings []Finding
	for file := range tree.Source {
		if file.IsTest() && importsPackage(file, "testing/synctest") {
			continue
		}
		for _, declaration := range file.Go.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || sleeps[file.Path+": "+function.Name.Name] != "" {
				continue
			}
			for _, call := range sleepsIn(function, file.IsTest()) {
				message := "time.Sleep cannot be cancelled; use a timer and the context"
				if file.IsTest() {
					message = "a test that sleeps is slow or wrong; poll the condition in a loop with a deadline, wait on a channel, or use testing/synctest"
				}
				findings = append(findings, Finding{file.Path, tree.Line(call.Pos()), message})
			}
		}
	}
	return findings
}

// sleepsIn lists the calls of time.Sleep in a function; those inside loops only when loopsToo is false.
func sleepsIn(function *ast.FuncDecl, exceptInLoops bool) []*ast.CallExpr {
	var calls []*ast.CallExpr
	ast.Inspect(function, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			return !exceptInLoops
		case *ast.CallExpr:
			if callee(node) == "time.Sleep" {
				calls = append(calls, node)
			}
		}
		return true
	})
	return calls
}

func importsPackage(file File, imported string) bool {
	for _, spec := range file.Go.Imports {
		if spec.Path.Value == fmt.Sprintf("%q", imported) {
			return true
		}
	}
	return false
}
