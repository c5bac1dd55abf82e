package config

import (
	"fmt"
)

// validator checks what no single value shows: whether the parts of a file fit each other and the files that it names.
type validator struct {
	*decoder
	*Config
}

// validate runs every check; each reports what it finds and knows nothing of the others.
func validate(v *validator) {
	for _, check := range []func(*validator){
		checkPurpose, checkStateDirectory,
		checkAppKind, checkOnlyForCommand, checkAppDirectory, checkCommand, checkEnvironment, checkHealth,
		checkServersTwice, checkServerLoops,
		checkPorts, checkAdmin,
		checkDatabaseKind, checkDatabaseName, checkDatabaseListen, checkParameters, checkBinaries,
	} {
		check(v)
	}
}

// problem reports a mistake at the value of a key or, where the file does not have the key, at the section it belongs to.
func (v *validator) problem(path, message, hint string) {
	at, found := v.values[path]
	for section := path; !found && section != ""; {
		section = parentOf(section)
		at, found = v.keys[section]
	}
	if !found {
		at = place{1, 1}
	}
	v.report.add(at, path, fault{message, hint})
}

// given reports whether the file has the key itself.
func (v *validator) given(path string) bool {
	_, found := v.keys[path]
	return found
}

// show is a value for a message: as the file has it, if variables are in it.
func (v *validator) show(path, value string) string {
	if written, found := v.decoder.written[path]; found {
		value = written
	}
	return quote(value)
}

func checkPurpose(v *validator) {
	if v.App == nil && v.Gateway == nil && v.Database == nil && !v.bad("app") && !v.bad("gateway") && !v.bad("database") {
		v.problem("", "the file says nothing to do", "add app and gateway, or database; ladder init writes an example")
		return
	}
	if v.Gateway != nil && v.App == nil && !v.bad("app") {
		v.problem("gateway", "there is no application behind the gateway", "add app, with command or servers")
	}
	if v.Gateway == nil && v.App != nil && len(v.App.Servers) > 0 && !v.bad("gateway") && !v.bad("app") {
		v.problem("app.servers", "nothing leads to these servers", "add gateway: {}")
	}
}

func checkAdmin(v *validator) {
	if v.Admin.Listen == "off" || v.Admin.Token != "" || v.bad("admin") {
		return
	}
	if host, _ := splitAddress(v.Admin.Listen); !isLoopback(host) {
		v.problem("admin.listen", fmt.Sprintf("%s can be reached from other machines, and there is no token", v.show("admin.listen", v.Admin.Listen)),
			`token: "${LADDER_TOKEN}", or listen: 127.0.0.1:9900`)
	}
}
