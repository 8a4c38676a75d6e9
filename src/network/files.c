/* SPDX-License-Identifier: Apache-2.0 */
#include "network/files.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#define HOSTS "/etc/hosts"
#define RESOLV_CONF "/etc/resolv.conf"
#define SYSTEMD_RESOLV_CONF "/run/systemd/resolve/resolv.conf"
#define BLANKS " \t"

static const char OWN_HOSTS[] = "127.0.0.1\tlocalhost\n"
				"::1\tlocalhost ip6-localhost ip6-loopback\n"
				"fe00::\tip6-localnet\n"
				"ff00::\tip6-mcastprefix\n"
				"ff02::1\tip6-allnodes\n"
				"ff02::2\tip6-allrouters\n";

static int read_host_file(const char *path, char **ret, struct error *err)
{
	struct error why = { 0 };
	int r = file_read(AT_FDCWD, path, NETWORK_FILE_MAX, ret, NULL, &why);
	if (r == -ERR_NOT_FOUND) {
		*ret = mem_strdup("");
		return 0;
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

/* --- name servers --- */

/* An address of the whole of 127/8, of ::1, or of either with a zone ("fe80::1%eth0" is none of them). */
static bool is_loopback(const char *address)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (inet_pton(AF_INET, address, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* The address in "nameserver ADDRESS", or NULL. free() it. */
static char *nameserver_of(const char *line)
{
	const char *rest = str_after(line, "nameserver");
	if (!rest || !*rest || !strchr(BLANKS, *rest))
		return NULL;
	rest += strspn(rest, BLANKS);
	return mem_strndup(rest, strcspn(rest, BLANKS));
}

static bool is_worth_keeping(const char *line)
{
	if (!*line || *line == '#' || *line == ';')
		return false;
	_cleanup_free_ char *address = nameserver_of(line);
	return !address || !is_loopback(address);
}

char *network_filter_resolv_conf(const char *text)
{
	struct str kept = { 0 };
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; *line; line++)
		if (is_worth_keeping(*line))
			str_appendf(&kept, "%s\n", *line);
	return str_take(&kept);
}

/* --- the three files --- */

/* "name:address"; the address may have colons, the name has none. */
static int add_extra_host(struct str *hosts, const char *text, const char *host_gateway, struct error *err)
{
	size_t len = strcspn(text, ":=");
	const char *address = text[len] ? text + len + 1 : "";
	struct in6_addr ignored;
	bool is_gateway = streq(address, "host-gateway");
	if (is_gateway && !host_gateway)
		return err_set(err, ERR_INVALID, "unable to derive the IP value for host-gateway");
	if (is_gateway)
		address = host_gateway;
	if (len == 0 || (inet_pton(AF_INET, address, &ignored) != 1 && inet_pton(AF_INET6, address, &ignored) != 1))
		return err_set(err, ERR_INVALID, "bad format for add-host: \"%s\"", text);
	str_appendf(hosts, "%s\t%.*s\n", address, (int)len, text);
	return 0;
}

/* The domain may be part of the hostname as well. */
char *network_own_names(const char *hostname, const char *domainname)
{
	const char *dot = strchr(hostname, '.');
	int len = dot ? (int)(dot - hostname) : (int)strlen(hostname);
	if (!str_is_empty(domainname))
		return mem_printf("%s.%s %.*s", hostname, domainname, len, hostname);
	return dot ? mem_printf("%s %.*s", hostname, len, hostname) : mem_strdup(hostname);
}

static void add_own(struct str *hosts, const char *names, char *const *addresses)
{
	for (; addresses && *addresses; addresses++)
		str_appendf(hosts, "%s\t%s\n", *addresses, names);
}

/* "ADDRESS\tNAMES", as add_own() writes it. */
static bool is_own(const char *line, const char *names)
{
	const char *tab = strchr(line, '\t');
	return tab && streq(tab + 1, names);
}

char *network_change_hosts(const char *hosts, const char *names, char *const *addresses)
{
	struct str changed = { 0 };
	_cleanup_strv_ char **lines = strv_split(hosts, '\n');
	for (char **line = lines; line && *line; line++)
		if (**line && !is_own(*line, names))
			str_appendf(&changed, "%s\n", *line);
	add_own(&changed, names, addresses);
	return str_take(&changed);
}

static int make_hosts(const struct network_files_request *request, char **ret, struct error *err)
{
	_cleanup_str_ struct str hosts = { 0 };
	_cleanup_free_ char *host = NULL;
	_cleanup_free_ char *names = network_own_names(request->hostname, request->domainname);
	int r = request->host_network ? read_host_file(HOSTS, &host, err) : 0;
	if (r < 0)
		return r;
	str_append(&hosts, request->host_network ? host : OWN_HOSTS);
	add_own(&hosts, names, request->addresses);
	for (char *const *extra = request->extra_hosts; r >= 0 && extra && *extra; extra++)
		r = add_extra_host(&hosts, *extra, request->host_gateway, err);
	if (r >= 0)
		*ret = str_take(&hosts);
	return r;
}

static bool has_nameserver(const char *text)
{
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	bool found = false;
	for (char **line = lines; line && *line && !found; line++) {
		_cleanup_free_ char *address = nameserver_of(*line);
		found = !str_is_empty(address);
	}
	return found;
}

/*
 * Of those that only the host reaches, the program behind them keeps a list that is good for everybody. Returns 1 if they are
 * all of that kind, and there is no such list.
 */
static int read_host_resolv_conf(char **ret, struct error *err)
{
	_cleanup_free_ char *text = NULL, *uplink = NULL;
	int r = read_host_file(RESOLV_CONF, &text, err);
	if (r < 0)
		return r;
	*ret = network_filter_resolv_conf(text);
	if (has_nameserver(*ret) || !has_nameserver(text))
		return 0;
	if (read_host_file(SYSTEMD_RESOLV_CONF, &uplink, NULL) < 0 || !*uplink)
		return 1;
	free(*ret);
	*ret = network_filter_resolv_conf(uplink);
	return !has_nameserver(*ret);
}

/* The lines of @text that do not begin with @word. */
static char *without(const char *text, const char *word)
{
	struct str kept = { 0 };
	_cleanup_strv_ char **lines = strv_split(text, '\n');
	for (char **line = lines; line && *line; line++) {
		const char *rest = str_after(*line, word);
		if (**line && !(rest && (!*rest || strchr(BLANKS, *rest))))
			str_appendf(&kept, "%s\n", *line);
	}
	return str_take(&kept);
}

static void replace_lines(char **text, const char *word, char *const *values, bool one_line)
{
	struct str lines = { 0 };
	if (!values || !*values)
		return;
	_cleanup_free_ char *rest = without(*text, word);
	_cleanup_free_ char *joined = strv_join(values, " ");
	str_append(&lines, rest);
	if (one_line)
		str_appendf(&lines, "%s %s\n", word, joined);
	for (; !one_line && *values; values++)
		str_appendf(&lines, "%s %s\n", word, *values);
	free(*text);
	*text = str_take(&lines);
}

static void append_line(char **text, const char *line)
{
	char *longer = mem_printf("%s%s\n", *text, line);
	free(*text);
	*text = longer;
}

/*
 * Without a line the resolver asks the container's own loopback, where nobody answers. Source: the behaviour of docker 28
 * and podman 5 where the host's name servers are all on its loopback.
 */
static void add_default_servers(char **text)
{
	char *const servers[] = { (char *)"8.8.8.8", (char *)"8.8.4.4", NULL };
	replace_lines(text, "nameserver", servers, false);
	log_warn("the host's name servers cannot be asked by a container: it asks %s and %s (others: --dns)", servers[0],
		 servers[1]);
}

static int make_resolv_conf(const struct network_files_request *request, char **ret, struct error *err)
{
	char *const resolver[] = { (char *)request->resolver, NULL };
	_cleanup_free_ char *text = NULL;
	int r = request->host_network ? read_host_file(RESOLV_CONF, &text, err) : read_host_resolv_conf(&text, err);
	if (r < 0)
		return r;
	replace_lines(&text, "nameserver", request->resolver ? resolver : request->dns, false);
	if (r > 0 && request->addresses && !has_nameserver(text))
		add_default_servers(&text);
	replace_lines(&text, "search", request->dns_search, true);
	replace_lines(&text, "options", request->dns_options, true);
	/* A name without a dot is a container first, and only then one of a search domain. */
	if (request->resolver && !strstr(text, "ndots:"))
		append_line(&text, "options ndots:0");
	*ret = TAKE_PTR(text);
	return 0;
}

int network_upstream_resolv_conf(char *const *dns, bool on_host, char **ret, struct error *err)
{
	_cleanup_free_ char *host = NULL;
	struct str text = { 0 };
	int r = on_host ? read_host_file(RESOLV_CONF, &host, err) : read_host_resolv_conf(&host, err);
	if (r < 0)
		return r;
	for (; dns && *dns; dns++)
		str_appendf(&text, "nameserver %s\n", *dns);
	_cleanup_strv_ char **lines = strv_split(host, '\n');
	for (char **line = lines; line && *line; line++) {
		_cleanup_free_ char *address = nameserver_of(*line);
		if (address)
			str_appendf(&text, "nameserver %s\n", address);
	}
	*ret = str_take(&text);
	return 0;
}

int network_files_make(const struct network_files_request *request, struct network_files *ret, struct error *err)
{
	_cleanup_network_files_ struct network_files files = { 0 };
	int r = make_hosts(request, &files.hosts, err);
	if (r >= 0)
		r = make_resolv_conf(request, &files.resolv_conf, err);
	if (r < 0)
		return r;
	files.hostname = mem_printf("%s\n", request->hostname);
	*ret = files;
	files = (struct network_files){ 0 };
	return 0;
}

void network_files_done(struct network_files *files)
{
	free(files->hostname);
	free(files->hosts);
	free(files->resolv_conf);
	*files = (struct network_files){ 0 };
}
