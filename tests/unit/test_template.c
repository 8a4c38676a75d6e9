/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates. The examples were given to docker 28.2 (built with Go 1.24), whose daemon was told to answer with this
 * document: what stands here is what it printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/util.h"
#include "cli/inspect-template.h"
#include "cli/template.h"

/* With ' for ". */
static const char DOCUMENT[] =
	"{'Id':'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1','Created':'2025-01-01T00:00"
	":00.123456789Z','Path':'sh','Args':['-c','x'],'State':{'Status':'running','Running':true,'Paused':fa"
	"lse,'Restarting':false,'OOMKilled':false,'Dead':false,'Pid':42,'ExitCode':0,'Error':'','StartedAt':'"
	"2025-01-01T00:00:00Z','FinishedAt':'0001-01-01T00:00:00Z'},'Image':'sha256:abc','Name':'/web','Resta"
	"rtCount':0,'Driver':'overlay2','Platform':'linux','MountLabel':'','ProcessLabel':'','AppArmorProfile"
	"':'','ExecIDs':null,'HostConfig':{'Binds':['/a:/b'],'ContainerIDFile':'','LogConfig':{'Type':'json-f"
	"ile','Config':{}},'NetworkMode':'bridge','PortBindings':{'80/tcp':[{'HostIp':'','HostPort':'8080'}]}"
	",'RestartPolicy':{'Name':'no','MaximumRetryCount':0},'CapAdd':null,'Memory':268435456,'NanoCpus':150"
	"0000000,'PidsLimit':null},'GraphDriver':{'Data':{'LowerDir':'/l','MergedDir':'/m'},'Name':'overlay2'"
	"},'Mounts':[{'Type':'bind','Source':'/a','Destination':'/b','Mode':'','RW':true,'Propagation':'rpriv"
	"ate'}],'Config':{'Hostname':'h','Env':['A=b','C=d e'],'Cmd':['sh'],'Image':'box','Volumes':{'/data':"
	"{}},'WorkingDir':'','Entrypoint':null,'Labels':{'b':'2','a':'1','com.x.y-z':'v'},'ExposedPorts':{'80"
	"/tcp':{}}},'NetworkSettings':{'Ports':{'80/tcp':[{'HostIp':'0.0.0.0','HostPort':'8080'}],'81/tcp':nu"
	"ll},'IPAddress':'172.17.0.2','Networks':{'bridge':{'IPAddress':'172.17.0.2','Gateway':'172.17.0.1'}}"
	"}}";

struct example {
	const char *template, *result;
};

/* What templates print. */
static const struct example PRINTED[] = {
	{ "{{/* c */}}x", "x" },
	{ "{{- /* c */ -}} x", "x" },
	{ "a {{- .Driver -}} b", "aoverlay2b" },
	{ "a   {{-   .Driver   -}}   b", "aoverlay2b" },
	{ "{{`a\\nb`}}", "a\\nb" },
	{ "{{'a'}} {{'\\n'}} {{'\303\244'}} ", "97 10 228 " },
	{ "{{1}} {{0x1f}} {{1_000}} {{1.5}} {{1e3}} {{0b11}} {{0o17}} {{-3}} {{+3}} {{017}} {{.5}} {{0x1p4}}",
	  "1 31 1000 1.5 1000 3 15 -3 3 15 0.5 16" },
	{ "{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}", "12" },
	{ "{{range .Config.Env}}[{{.}}]{{else}}none{{end}}", "[A=b][C=d e]" },
	{ "{{range $i, $e := .Config.Env}}{{$i}}={{$e}};{{end}}", "0=A=b;1=C=d e;" },
	{ "{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}", "a=1;b=2;com.x.y-z=v;" },
	{ "{{range 3}}{{.}}{{end}}", "012" },
	{ "{{range $i := 3}}{{$i}}{{end}}", "012" },
	{ "{{range .Config.Entrypoint}}x{{else}}none{{end}}", "none" },
	{ "{{range $i, $e := .Config.Env}}{{if $i}}{{break}}{{end}}{{$e}}{{end}}", "A=b" },
	{ "{{range $i, $e := .Config.Env}}{{if not $i}}{{continue}}{{end}}{{$e}}{{end}}", "C=d e" },
	{ "{{if .State.Running}}up{{else if true}}b{{else}}c{{end}}", "up" },
	{ "{{if false}}up{{else if false}}b{{else}}c{{end}}", "c" },
	{ "{{with .State}}{{.Pid}}{{end}}", "42" },
	{ "{{with $x := .State}}{{$x.Pid}}{{end}}", "42" },
	{ "{{with false}}a{{else with 5}}{{.}}{{end}}", "5" },
	{ "{{define \"T\"}}[{{.}}]{{end}}{{template \"T\" .Name}}", "[/web]" },
	{ "{{block \"B\" .Name}}<{{.}}>{{end}}", "</web>" },
	{ "{{eq 1 2 1}} {{ne 1 2}} {{lt \"a\" \"b\"}} {{le 1 1}} {{gt 1.5 1.2}} {{ge 2 3}}",
	  "true true true true true false" },
	{ "{{and 1 0 2}} {{or 0 \"\" 3}} {{not 1}}", "0 3 false" },
	{ "{{len \"\303\244b\"}} {{len .Config.Env}} {{len .Config.Labels}}", "3 2 3" },
	{ "{{index .Config.Env 1}} {{index .Config.Labels \"a\"}} {{index .Config.Env}}", "C=d e 1 [A=b C=d e]" },
	{ "{{slice \"abcdef\" 1 3}} {{slice .Config.Env 1}}", "bc [C=d e]" },
	{ "{{print 1 2 \"a\" \"b\" 3}} {{println 1 \"a\"}}", "1 2ab3 1 a\n" },
	{ "{{printf \"%d %s %v %q %5d|%-5s|%05.1f %x %T\" 1 \"a\" true \"b\" 42 \"ab\" 1.25 255 .Config.Env}}",
	  "1 a true \"b\"    42|ab   |001.2 ff []string" },
	{ "{{printf \"%s %d %v\" 1 \"a\"}} {{printf \"%d\" 1 2}} {{printf \"%z\" 1}} {{printf \"%\"}}",
	  "%!s(int=1) %!d(string=a) %!v(MISSING) 1%!(EXTRA int=2) %!z(int=1) %!(NOVERB)" },
	{ "{{printf \"%v %+v %q %s %d\" .Config.Env .Config.Labels .Config.Env .Config.Env .Config.Env}}",
	  "[A=b C=d e] map[a:1 b:2 com.x.y-z:v] [\"A=b\" \"C=d e\"] [A=b C=d e] [%!d(string=A=b) %!d(string=C=d e)]" },
	{ "{{printf \"%T %T %T %T %T\" 1 1.5 \"a\" true nil}}", "int float64 string bool <nil>" },
	{ "{{printf \"%c %U %x %X %o %b %e %g %08.3f %+d %6.2f|%-8d|%8s|%t\" 97 97 \"hi\" \"hi\" 8 5 1.5 1e21 3.14159 5 2.5 7 \"r\" false}}",
	  "a U+0061 6869 6869 10 101 1.500000e+00 1e+21 0003.142 +5   2.50|7       |       r|false" },
	{ "{{printf \"%6.2f|%+.1e|%G|%#x|%#o|% d|% x|%#X|%08d|%-08d|%+08d|%.3d|%8.3d\" 2.5 1234.5 1e-7 255 8 5 \"abc\" \"ab\" -42 42 42 5 5}}",
	  "  2.50|+1.2e+03|1E-07|0xff|010| 5|61 62 63|0X6162|-0000042|42      |+0000042|005|     005" },
	{ "{{printf \"%*d|%-*d|%.*f\" 5 1 5 2 2 3.14159}}", "    1|2    |3.14" },
	{ "{{printf \"%5t|%-7t|%q|%#q|%+q|%.2s|%5.1s|\" true false 'x' \"a`b\" \"\303\244\" \"abc\" \"xyz\"}}",
	  " true|false  |'x'|\"a`b\"|\"\\u00e4\"|ab|    x|" },
	{ "{{printf \"%v|%v|%5v|%-5v|\" 1 \"a\" \"b\" \"c\"}}", "1|a|    b|c    |" },
	{ "{{printf \"%s|%v|%d\" nil nil nil}}", "%!s(<nil>)|<nil>|%!d(<nil>)" },
	{ "{{html \"<a&'\\\">\"}} {{js \"a'b\\n<\"}} {{urlquery \"a b&c/\303\244~\"}}",
	  "&lt;a&amp;&#39;&#34;&gt; a\\'b\\u000A\\u003C a+b%26c%2F%C3%A4~" },
	{ "{{.Name | printf \"%s-%s\" \"x\"}} {{\"a\" | upper | lower | title}}", "x-/web A" },
	{ "{{pad \"a\" 2 3}}| {{truncate \"abcdef\" 3}} {{truncate \"ab\" 5}} {{join .Config.Env \",\"}} {{split \"a,b\" \",\"}} {{json .Config.Env}}",
	  "  a   | abc ab A=b,C=d e [a b] [\"A=b\",\"C=d e\"]" },
	{ "{{pad \"\" 2 3}}|{{split \"abc\" \"\"}}{{join (split \"a-b-c\" \"-\") \"/\"}}", "|[a b c]a/b/c" },
	{ "{{title \"hello world foo-bar it's a_b 3d\"}}", "Hello World Foo-Bar It'S A_b 3d" },
	{ "{{(.State).Pid}} {{(index .Config.Env 0)}} {{(.State.Pid)}}", "42 A=b 42" },
	{ "{{$.Name}} {{range .Config.Env}}{{$.Driver}}{{end}}", "/web overlay2overlay2" },
	{ "{{ .Name | }}", "/web" },
	{ "{{printf \"%d\" .State.Pid}} {{printf \"%s\" .State.Running}}", "42 %!s(bool=true)" },
	{ "{{print nil}} {{print .Config.Entrypoint}} {{printf \"%v\" nil}}", "<nil> [] <nil>" },
	{ "{{json nil}} {{json \"a<b>&\\u2028\"}} {{json 1.0}} {{json 1e21}} {{json 0.000001}} {{json 1e-7}} {{json 123456789.5}} {{json 100000000000000000000.0}}",
	  "null \"a<b>&\\u2028\" 1 1e+21 0.000001 1e-7 123456789.5 100000000000000000000" },
	{ "{{eq .Config.Entrypoint nil}} {{eq nil nil}} {{eq .State.Health nil}}", "true true true" },
	{ "{{.Config.Env | len | printf \"%03d\"}}", "002" },
	{ "{{print 1.0}} {{print 1e20}} {{print 1e-5}} {{print 123456789.0}} {{print 100000.0}} {{print 1.5}} {{print 1e6}} {{print 1234567.0}} {{print 0.0001}} {{print 1e21}} {{print 2000000.5}}",
	  "1 1e+20 1e-05 1.23456789e+08 100000 1.5 1e+06 1.234567e+06 0.0001 1e+21 2.0000005e+06" },
	{ "{{or .State.Health \"none\"}}", "none" },
	{ "{{if $x := 5}}{{$x}}{{else}}{{$x}}{{end}}", "5" },
	{ "{{range .Mounts}}{{.Name}}|{{.Source}}{{end}}", "|/a" },
	{ "{{.State}}",
	  "{running true false false false false 42 0  2025-01-01T00:00:00Z 0001-01-01T00:00:00Z <nil>}" },
	{ "{{.Id}} {{.State}}",
	  "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1 map[Dead:false Error: ExitCode:0 FinishedAt:0001-01-01T00:00:00Z OOMKilled:false Paused:false Pid:42 Restarting:false Running:true StartedAt:2025-01-01T00:00:00Z Status:running]" },
	{ "{{.ID}} {{.State.Pid}}", "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1 42" },
	{ "{{.Mounts}}", "[{bind  /a /b   true rprivate}]" },
	{ "{{.Config.Env}} {{.Config.Labels}} {{.Config.Volumes}} {{.NetworkSettings.Ports}} {{.HostConfig.PortBindings}} {{.HostConfig.CapAdd}} {{.HostConfig.PidsLimit}} {{.Config.Entrypoint}} {{.SizeRw}}",
	  "[A=b C=d e] map[a:1 b:2 com.x.y-z:v] map[/data:{}] map[80/tcp:[{0.0.0.0 8080}] 81/tcp:[]] map[80/tcp:[{ 8080}]] [] <nil> [] <nil>" },
	{ "{{.State.Health}}|{{.Config.Labels.x}}|{{index .Config.Labels \"x\"}}", "<nil>|<no value>|" },
	{ "{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}", "none" },
	{ "{{json .Config.Labels}} {{json .Mounts}} {{json .State.Health}} {{json .NetworkSettings.Ports}}",
	  "{\"a\":\"1\",\"b\":\"2\",\"com.x.y-z\":\"v\"} [{\"Type\":\"bind\",\"Source\":\"/a\",\"Destination\":\"/b\",\"Mode\":\"\",\"RW\":true,\"Propagation\":\"rprivate\"}] null {\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8080\"}],\"81/tcp\":null}" },
	{ "{{(index (index .NetworkSettings.Ports \"80/tcp\") 0).HostPort}}", "8080" },
	{ "{{range $p, $c := .HostConfig.PortBindings}}{{$p}}={{(index $c 0).HostPort}}{{(index $c 0).HostIP}}{{end}}",
	  "80/tcp=8080" },
	{ "{{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{$v.IPAddress}}{{end}}", "bridge 172.17.0.2" },
	{ "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{.Aliases}}{{end}}", "172.17.0.2[]" },
	{ "{{.NetworkSettings.Networks.bridge.IPAddress}}", "172.17.0.2" },
	{ "{{.NetworkSettings.Networks.none.IPAddress}}", "<no value>" },
	{ "a{{/* x */}}b {{- /* y */}} c", "ab c" },
	{ "{{ if eq .State.Status \"running\" }}yes{{ end }}", "yes" },
	{ "{{ if and .State.Running (not .State.Paused) }}yes{{ end }}", "yes" },
	{ "{{- range $i, $x := .Config.Env -}} {{- if $i -}},{{- end -}} {{- $x -}} {{- end -}}", "A=b,C=d e" },
	{ "{{$i := 0}}{{range .Config.Env}}{{$i = 5}}{{end}}{{$i}}", "5" },
	{ "{{range $i, $_ := .Config.Env}}{{$i}}{{end}}", "01" },
	{ "{{printf \"%s\" (json .State.Pid)}}", "42" },
	{ "{{\"\\x41\\u00e4\\101\\t|\"}}", "A\303\244A\t|" },
	{ "{{len (slice \"abc\" 1)}} {{index \"abc\" 1}}", "2 98" },
	{ "{{and true (index .Config.Env 0)}}", "A=b" },
	{ "{{or false (len .Config.Env)}}", "2" },
	{ "{{and false (index .Config.Env 99)}}", "false" },
	{ "{{range $x := .Config.Env}}{{else}}{{end}}", "" },
	{ "{{printf \"%v\" .Mounts}}", "[{bind  /a /b   true rprivate}]" },
	{ "{{printf \"%x\" .Config.Env}} {{printf \"%5s|\" .Config.Env}}", "[413d62 433d642065] [  A=b C=d e]|" },
	{ "{{.Args}} {{.Path}} {{.RestartCount}}", "[-c x] sh 0" },
	{ "{{ .Name | printf \"%s\" | len }}", "4" },
	{ "{{ print (print 1) 2 }}", "12" },
	{ "{{eq .State.Status \"running\" \"exited\"}} {{eq .State.Pid 42}}", "true true" },
	{ "{{gt .State.Pid 41}}", "true" },
	{ "{{range -1}}a{{else}}b{{end}}", "b" },
	{ "{{range 0}}a{{else}}b{{end}}", "b" },
	{ "{{print (1)}}", "1" },
	{ "{{print \"a\" | print \"b\"}}", "ba" },
	{ "{{js \"a=b\\\\\\\"\\t\\u00e4\"}}", "a\\u003Db\\\\\\\"\\u0009\303\244" },
	{ "{{html 1 \"<\" .Config.Env}}", "1&lt;[A=b C=d e]" },
	{ "{{urlquery .Config.Env}}", "%5BA%3Db+C%3Dd+e%5D" },
	{ "{{len .State}}", "11" },
	{ "{{index .State \"Pid\"}}", "42" },
	{ "{{printf \"%d\" \"a\" | upper}}", "%!D(STRING=A)" },
	{ "{{printf \"%[2]d %[1]d\" 1 2}}", "2 1" },
};

/* What cannot be parsed: behind "template parsing error: template: ". */
static const struct example NOT_PARSED[] = {
	{ "{{.ID", ":1: unclosed action" },
	{ "{{.ID}", ":1: bad character U+007D '}'" },
	{ "{{", ":1: unclosed action" },
	{ "{{}}", ":1: missing value for command" },
	{ "{{/* c }}", ":1: unclosed comment" },
	{ "{{ /* c */ }}", ":1: unexpected \"/\" in command" },
	{ "{{\"abc}}", ":1: unterminated quoted string" },
	{ "{{'ab'}}", ":1: malformed character constant: 'ab'" },
	{ "{{1x}}", ":1: bad number syntax: \"1x\"" },
	{ "{{$y}}", ":1: undefined variable \"$y\"" },
	{ "{{break}}", ":1: {{break}} outside {{range}}" },
	{ "{{end}}", ":1: unexpected {{end}}" },
	{ "{{else}}", ":1: unexpected {{else}}" },
	{ "{{if}}x{{end}}", ":1: missing value for if" },
	{ "{{if true}}x", ":1: unexpected EOF" },
	{ "{{1 | 2}}", ":1: non executable command in pipeline stage 2" },
	{ "{{ | .Name}}", ":1: unexpected \"|\" in command" },
	{ "{{(.Name}}", ":1: unclosed left paren" },
	{ "{{.Name)}}", ":1: unexpected right paren" },
	{ "{{%}}", ":1: unexpected \"%\" in command" },
	{ "{{.Name@}}", ":1: bad character U+0040 '@'" },
	{ "{{foo.bar}}", ":1: function \"foo\" not defined" },
	{ "{{$x, $y := 1}}", ":1: too many declarations in command" },
	{ "{{range $a, $b, $c := .Config.Env}}{{end}}", ":1: too many declarations in range" },
	{ "{{if true}}{{else}}{{else}}{{end}}", ":1: expected end; found {{else}}" },
	{ "{{define \"x\"}}", ":1: unexpected EOF" },
	{ "{{define x}}{{end}}", ":1: unexpected \"x\" in define clause" },
	{ "{{template}}", ":1: unexpected \"}}\" in template clause" },
	{ "{{range}}x{{end}}", ":1: missing value for range" },
	{ "{{with $x := 5}}{{$x}}{{end}}{{$x}}", ":1: undefined variable \"$x\"" },
	{ "{{continue}}", ":1: {{continue}} outside {{range}}" },
	{ "{{if true}}{{define \"a\"}}{{end}}{{end}}", ":1: unexpected <define> in command" },
	{ "{{block \"x\"}}{{end}}", ":1: missing value for block clause" },
	{ "{{\"unclosed", ":1: unterminated quoted string" },
	{ "{{.A}}{{.B", ":1: unclosed action" },
	{ "{{ 'x }}", ":1: unterminated character constant" },
	{ "{{`abc}}", ":1: unterminated raw quoted string" },
	{ "{{.$x}}", ":1: bad character U+0024 '$'" },
	{ "{{a := 1}}", ":1: function \"a\" not defined" },
	{ "{{$x : 1}}", ":1: undefined variable \"$x\"" },
	{ "{{.x=1}}", ":1: bad character U+003D '='" },
	{ "{{if .State}}{{else}}", ":1: unexpected EOF" },
	{ "{{else if}}", ":1: unexpected {{else}}" },
	{ "{{with}}{{end}}", ":1: missing value for with" },
	{ "{{()}}", ":1: missing value for parenthesized pipeline" },
	{ "{{print 1,2}}", ":1: unexpected \",\" in operand" },
	/* coffer's own words */
	{ "{{9223372036854775808}}", ":1: integer overflow: \"9223372036854775808\"" },
	{ "{{\"a\".b}}", ":1: unexpected . after term \"a\"" },
	{ "{{true.x}}", ":1: unexpected . after term true" },
	{ "{{\"a\\qb\"}}", ":1: invalid syntax: \"a\\qb\"" },
	{ "{{$x = 1}}", ":1: undefined variable \"$x\"" },
	{ "{{end .}}", ":1: unexpected {{end}}" },
	{ "{{if true}}{{end .}}", ":1: unexpected \".\" in end" },
	{ "{{else .}}", ":1: unexpected {{else}}" },
	{ "{{if true}}{{else .}}{{end}}", ":1: unexpected \".\" in else" },
	{ "{{print -1 - 1}}", ":1: unexpected \"-\" in operand" },
	{ "{{.Name.}}", ":1: unexpected \".\" in operand" },
	{ "{{..}}", ":1: unexpected \".\" in operand" },
};

/* What cannot be executed: behind the same words. */
static const struct example NOT_EXECUTED[] = {
	{ "{{true}} {{nil}}", ":1:11: executing \"\" at <nil>: nil is not a command" },
	{ "{{range .Name}}x{{end}}", ":1:8: executing \"\" at <.Name>: range can't iterate over /web" },
	{ "{{template \"T\"}}", ":1:11: executing \"\" at <{{template \"T\"}}>: template \"T\" not defined" },
	{ "{{eq 1 \"1\"}}",
	  ":1:2: executing \"\" at <eq 1 \"1\">: error calling eq: incompatible types for comparison" },
	{ "{{eq 1 1.0}}", ":1:2: executing \"\" at <eq 1 1.0>: error calling eq: incompatible types for comparison" },
	{ "{{eq 1}}", ":1:2: executing \"\" at <eq 1>: error calling eq: missing argument for comparison" },
	{ "{{lt true false}}",
	  ":1:2: executing \"\" at <lt true false>: error calling lt: invalid type for comparison" },
	{ "{{and}}", ":1:2: executing \"\" at <and>: wrong number of args for and: want at least 1 got 0" },
	{ "{{len 3}}", ":1:2: executing \"\" at <len 3>: error calling len: len of type int" },
	{ "{{index .Config.Env \"a\"}}",
	  ":1:2: executing \"\" at <index .Config.Env \"a\">: error calling index: cannot index slice/array with type string" },
	{ "{{index .Config.Env -1}}",
	  ":1:2: executing \"\" at <index .Config.Env -1>: error calling index: index out of range: -1" },
	{ "{{index nil 1}}", ":1:2: executing \"\" at <index nil 1>: error calling index: index of untyped nil" },
	{ "{{index 5 1}}", ":1:2: executing \"\" at <index 5 1>: error calling index: can't index item of type int" },
	{ "{{slice \"abc\" 5}}",
	  ":1:2: executing \"\" at <slice \"abc\" 5>: error calling slice: index out of range: 5" },
	{ "{{upper 1}}", ":1:8: executing \"\" at <1>: expected string; found 1" },
	{ "{{upper}}", ":1:2: executing \"\" at <upper>: wrong number of args for upper: want 1 got 0" },
	{ "{{lower \"a\" \"b\"}}", ":1:2: executing \"\" at <lower>: wrong number of args for lower: want 1 got 2" },
	{ "{{.Name 1}}", ":1:2: executing \"\" at <.Name>: Name is not a method but has arguments" },
	{ "{{1 2}}", ":1:2: executing \"\" at <1>: can't give argument to non-function 1" },
	{ "{{\"a\" | .Name}}", ":1:8: executing \"\" at <.Name>: Name is not a method but has arguments" },
	{ "{{nil}}", ":1:2: executing \"\" at <nil>: nil is not a command" },
	{ "{{if nil}}x{{end}}", ":1:5: executing \"\" at <nil>: nil is not a command" },
	{ "{{$x := .State}}{{$x.Foo}}", ":1:20: executing \"\" at <$x.Foo>: map has no entry for key \"Foo\"" },
	{ "{{not}}", ":1:2: executing \"\" at <not>: wrong number of args for not: want 1 got 0" },
	{ "{{printf}}", ":1:2: executing \"\" at <printf>: wrong number of args for printf: want at least 1 got 0" },
	{ "{{index .Config.Labels 1}}",
	  ":1:2: executing \"\" at <index .Config.Labels 1>: error calling index: value has type int; should be string" },
	{ "{{slice .Config.Env 0 1 2 3}}",
	  ":1:2: executing \"\" at <slice .Config.Env 0 1 2 3>: error calling slice: too many slice indexes: 4" },
	{ "{{range $i, $e := \"ab\"}}{{$i}}{{end}}", ":1:18: executing \"\" at <\"ab\">: range can't iterate over ab" },
	{ "{{.HostConfig.Foo}}", ":1:13: executing \"\" at <.HostConfig.Foo>: map has no entry for key \"Foo\"" },
	{ "{{.State.Health.Status}}",
	  ":1:8: executing \"\" at <.State.Health.Status>: map has no entry for key \"Health\"" },
	{ "{{ .Config.Foo }}", ":1:10: executing \"\" at <.Config.Foo>: map has no entry for key \"Foo\"" },
	{ "{{template \"x\" 1 2}}", ":1:11: executing \"\" at <{{template \"x\" 1 2}}>: template \"x\" not defined" },
	{ "{{lt 1 \"a\"}}",
	  ":1:2: executing \"\" at <lt 1 \"a\">: error calling lt: incompatible types for comparison" },
	{ "{{ne \"a\" \"b\" \"c\"}}", ":1:2: executing \"\" at <ne>: wrong number of args for ne: want 2 got 3" },
	{ "{{range $i, $e := 3}}{{end}}",
	  ":1:18: executing \"\" at <3>: can't use 3 to iterate over more than one variable" },
	{ "{{$ .}}", ":1:2: executing \"\" at <$>: can't give argument to non-function $" },
	{ "{{. .}}", ":1:2: executing \"\" at <.>: can't give argument to non-function ." },
	{ "{{slice \"abc\" 2 1}}",
	  ":1:2: executing \"\" at <slice \"abc\" 2 1>: error calling slice: invalid slice index: 2 > 1" },
	{ "{{slice 5}}", ":1:2: executing \"\" at <slice 5>: error calling slice: can't slice item of type int" },
	{ "{{index .Config.Env 1.0}}",
	  ":1:2: executing \"\" at <index .Config.Env 1.0>: error calling index: cannot index slice/array with type float64" },
	{ "{{index .Config.Env true}}",
	  ":1:2: executing \"\" at <index .Config.Env true>: error calling index: cannot index slice/array with type bool" },
	{ "{{join .Config.Env}}", ":1:2: executing \"\" at <join>: wrong number of args for join: want 2 got 1" },
	{ "{{join (split \"a b\" \" \") 1}}", ":1:25: executing \"\" at <1>: expected string; found 1" },
	{ "{{json .Foo}}", ":1:7: executing \"\" at <.Foo>: map has no entry for key \"Foo\"" },
	{ "{{lower .Config.Labels.x}}", ":1:15: executing \"\" at <.Config.Labels.x>: map has no entry for key \"x\"" },
	/* coffer's own words */
	{ "{{call .Name}}", ":1:2: executing \"\" at <call .Name>: error calling call: non-function of type string" },
	{ "{{join \"a\" \",\"}}", ":1:7: executing \"\" at <\"a\">: expected []string; found \"a\"" },
	{ "{{.Config.Labels.a.b}}",
	  ":1:9: executing \"\" at <.Config.Labels.a.b>: can't evaluate field b in type string" },
	{ "{{.State.Pid.x}}", ":1:8: executing \"\" at <.State.Pid.x>: can't evaluate field x in type int" },
	{ "{{slice .Config.Labels 1}}",
	  ":1:2: executing \"\" at <slice .Config.Labels 1>: error calling slice: can't slice item of type map" },
	{ "{{truncate \"abc\" -1}}",
	  ":1:2: executing \"\" at <truncate \"abc\" -1>: error calling truncate: negative length -1" },
	{ "{{printf .State.Pid}}",
	  ":1:15: executing \"\" at <.State.Pid>: wrong type for value; expected string; got int" },
};

static struct json_object *document(void)
{
	_cleanup_free_ char *text = mem_strdup(DOCUMENT);
	for (char *at = text; *at; at++)
		*at = *at == '\'' ? '"' : *at;
	struct json_object *object = json_tokener_parse(text);
	assert_non_null(object);
	return object;
}

/* What `inspect --format` prints, or its complaint. */
static char *render(const char *text)
{
	_cleanup_json_ struct json_object *root = document();
	_cleanup_template_ struct template *template = NULL;
	struct error err = { 0 };
	struct str out = { 0 };
	if (template_parse(text, &template, &err) >= 0 && inspect_execute(template, root, &out, &err) >= 0)
		return str_take(&out);
	str_done(&out);
	return mem_strdup(err.message);
}

static void check_examples(const struct example *examples, size_t count, const char *prefix)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *expected = mem_printf("%s%s", prefix, examples[i].result);
		_cleanup_free_ char *result = render(examples[i].template);
		if (!streq(result, expected))
			fail_msg("%s\n  gives %s\n  and not %s", examples[i].template, result, expected);
	}
}

static void test_what_is_printed(void **state)
{
	check_examples(PRINTED, ARRAY_SIZE(PRINTED), "");
}

static void test_what_cannot_be_parsed(void **state)
{
	check_examples(NOT_PARSED, ARRAY_SIZE(NOT_PARSED), "template parsing error: template: ");
}

static void test_what_cannot_be_executed(void **state)
{
	check_examples(NOT_EXECUTED, ARRAY_SIZE(NOT_EXECUTED), "template parsing error: template: ");
}

/* --- Rows of tables --- */

static char *label(const void *context, const char *argument)
{
	return mem_printf("%s of %s", argument, (const char *)context);
}

static const struct template_member NO_MEMBERS[] = { { 0 } };
static const struct template_method METHODS[] = { { "Label", label }, { 0 } };

/* A struct of which everything is known, with a method. */
static int render_row(const char *text, bool is_header, struct str *out, struct error *err)
{
	_cleanup_json_ struct json_object *root = json_object_new_object();
	_cleanup_template_ struct template *template = NULL;
	json_add_string(root, "ID", "CONTAINER ID");
	json_add_string(root, "Names", "Web Server");
	const struct template_data data = {
		.root = root,
		.what = "container",
		.members = is_header ? NULL : NO_MEMBERS,
		.methods = METHODS,
		.context = "row",
		.is_header = is_header,
	};
	int r = template_parse(text, &template, err);
	return r < 0 ? r : template_execute(template, &data, out, err);
}

static void check_row(const char *text, bool is_header, const char *expected)
{
	_cleanup_str_ struct str out = { 0 };
	struct error err = { 0 };
	assert_int_equal(render_row(text, is_header, &out, &err), 0);
	assert_string_equal(str_text(&out), expected);
}

static void check_row_fails(const char *text, const char *message)
{
	_cleanup_str_ struct str out = { 0 };
	struct error err = { 0 };
	str_append(&out, "before");
	assert_int_equal(render_row(text, false, &out, &err), -ERR_INVALID);
	assert_string_equal(err.message, message);
	assert_string_equal(str_text(&out), "before");
}

static void test_rows(void **state)
{
	check_row("{{.ID}} {{lower .Names}} {{.Label \"x.y\"}}", false, "CONTAINER ID web server x.y of row");
	check_row("{{\"a\" | .Label}} {{(.Label \"b\")}} {{len (.Label \"c\")}}", false, "a of row b of row 8");
	check_row("{{range 1}}{{$.Label \"d\"}}{{end}}", false, "d of row");
	check_row_fails("x{{.Foo}}", "template parsing error: template: :1:3: executing \"\" at <.Foo>: "
				     "can't evaluate field Foo in type container");
	check_row_fails("{{.Label}}", "template parsing error: template: :1:2: executing \"\" at <.Label>: "
				      "wrong number of args for Label: want 1 got 0");
	check_row_fails("{{.Label 1}}", "template parsing error: template: :1:2: executing \"\" at <.Label>: "
					"wrong type for value; expected string; got int");
}

static void test_headers_are_left_alone(void **state)
{
	check_row("{{upper .Names}} {{lower .ID}} {{json .Names}} {{truncate .ID 3}}", true,
		  "Web Server CONTAINER ID Web Server CONTAINER ID");
	check_row("{{.Foo}}", true, "<no value>");
}

/* --- Bounds --- */

static void check_fails(const char *text, const char *part)
{
	_cleanup_free_ char *result = render(text);
	if (!strstr(result, part))
		fail_msg("%.40s gives %.200s", text, result);
}

static char *repeat(const char *piece, size_t count)
{
	struct str text = { 0 };
	while (count-- > 0)
		str_append(&text, piece);
	return str_take(&text);
}

static void test_nesting_is_bounded(void **state)
{
	_cleanup_free_ char *parens = repeat("(", 5000), *ifs = repeat("{{if 1}}", 5000);
	_cleanup_free_ char *elses = repeat("{{else if 1}}", 5000);
	_cleanup_free_ char *in_parens = mem_printf("{{%s", parens), *chain = mem_printf("{{if 1}}%s{{end}}", elses);
	check_fails(in_parens, "nested more than 100 levels deep");
	check_fails(ifs, "nested more than 100 levels deep");
	check_fails(chain, "nested more than 100 levels deep");
	check_fails("{{define \"T\"}}{{template \"T\"}}{{end}}{{template \"T\"}}",
		    "exceeded maximum template depth (1000)");
}

static void test_work_is_bounded(void **state)
{
	check_fails("{{range 9000000000}}x{{end}}", "it takes more than 1000000 steps");
	check_fails("{{range 1000}}{{range 1000}}{{range 1000}}{{end}}{{end}}{{end}}",
		    "it takes more than 1000000 steps");
	check_fails("{{$x := \"xxxxxxxxxxxxxxxx\"}}{{range 99}}{{$x = print $x $x}}{{end}}",
		    "it makes more than 67108864 bytes");
	check_fails("{{range 2000}}{{printf \"%65536d\" 1}}{{end}}", "it makes more than 67108864 bytes");
	_cleanup_free_ char *verbs = repeat("%65536d", 2000), *format = mem_printf("{{printf \"%s\"}}", verbs);
	check_fails(format, "MISSING");
	check_fails("{{$x := printf \"%65536d\" 1}}{{join (split $x \"\") $x}}", "it makes more than 67108864 bytes");
	check_fails("{{pad \"x\" 99999999 1}}", "cannot pad with 99999999 spaces");
}

static void test_a_long_text_is_refused(void **state)
{
	_cleanup_free_ char *text = repeat("0123456789abcdef", 70000);
	check_fails(text, "it is longer than 1048576 bytes");
}

static void test_messages_say_the_line(void **state)
{
	check_fails("a\nb {{.State.Foo}}", "template: :2:10: executing");
	check_fails("a\n{{range}}", "template: :2: missing value for range");
	check_fails("{{define \"T\"}}{{.x.y}}{{end}}\n{{template \"T\" 5}}", ":1:18: executing \"T\" at <.x.y>");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_printed),		cmocka_unit_test(test_what_cannot_be_parsed),
		cmocka_unit_test(test_what_cannot_be_executed), cmocka_unit_test(test_rows),
		cmocka_unit_test(test_headers_are_left_alone),	cmocka_unit_test(test_nesting_is_bounded),
		cmocka_unit_test(test_work_is_bounded),		cmocka_unit_test(test_a_long_text_is_refused),
		cmocka_unit_test(test_messages_say_the_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
