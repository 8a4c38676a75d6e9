/* SPDX-License-Identifier: Apache-2.0 */
#include "observe/metrics.h"

#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/metrics-serve.h"
#include "engine/stats.h"

struct metrics_options {
	char *listen;
};

/* --- The document --- */

struct collection {
	struct container_record **records;
	struct container_stats *stats;
	struct metrics_subject *subjects;
	size_t n_records, n_subjects;
};

static void collection_done(struct collection *collection)
{
	for (size_t i = 0; i < collection->n_records; i++) {
		container_record_free(collection->records[i]);
		container_stats_done(&collection->stats[i]);
	}
	free(collection->records);
	free(collection->stats);
	free(collection->subjects);
}
#define _cleanup_collection_ _cleanup_(collection_done)

static void collect_one(struct engine *engine, struct collection *collection, size_t i)
{
	const struct container_record *record = collection->records[i];
	struct container_stats *stats = &collection->stats[i];
	if (container_stats_read(engine, record, stats) <= 0)
		return;
	collection->subjects[collection->n_subjects++] = (struct metrics_subject){
		.cgroup = stats->cgroup,
		.name = record->name,
		.image = record->image,
		.id = record->id,
		.started_at = (double)record->started_at / (double)NSEC_PER_SEC,
		.usage = &stats->usage,
		.interfaces = &stats->interfaces,
	};
}

static int make_document(void *context, struct str *out, struct error *err)
{
	_cleanup_collection_ struct collection collection = { 0 };
	struct engine *engine = context;
	int r = engine_reconcile(engine, err);
	if (r >= 0)
		r = engine_container_list(engine, false, &collection.records, &collection.n_records, err);
	if (r < 0)
		return r;
	collection.stats = mem_alloc(collection.n_records * sizeof *collection.stats);
	collection.subjects = mem_alloc(collection.n_records * sizeof *collection.subjects);
	for (size_t i = 0; i < collection.n_records; i++)
		collect_one(engine, &collection, i);
	metrics_write(collection.subjects, collection.n_subjects, out);
	return 0;
}

/* --- The command --- */

/* Where we are, for who has asked for any port. */
static void announce(int listener)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof address;
	char host[NI_MAXHOST], port[NI_MAXSERV];
	if (getsockname(listener, (struct sockaddr *)&address, &len) < 0 ||
	    getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	bool brackets = address.ss_family == AF_INET6;
	printf("http://%s%s%s:%s/metrics\n", brackets ? "[" : "", host, brackets ? "]" : "", port);
	fflush(stdout);
}

static int serve(struct engine *engine, const char *address, struct error *err)
{
	const struct document_server server = {
		.path = "/metrics",
		.content_type = "text/plain; version=0.0.4; charset=utf-8",
		.make = make_document,
		.context = engine,
	};
	sigset_t set;
	_cleanup_close_ int listener = metrics_listen(address, err);
	if (listener < 0)
		return listener;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	announce(listener);
	return metrics_serve(listener, &server, err);
}

static int run(struct cli *cli, void *data, char **args, struct error *err)
{
	const struct metrics_options *options = data;
	_cleanup_str_ struct str text = { 0 };
	if (options->listen)
		return serve(cli->engine, options->listen, err);
	int r = make_document(cli->engine, &text, err);
	if (r >= 0)
		fputs(str_text(&text), stdout);
	return r;
}

static const struct option OPTIONS[] = {
	OPT_STRING(struct metrics_options, listen, 0, "listen", "address",
		   "Serve them over HTTP at ADDRESS:PORT, path /metrics; \":PORT\" is the loopback's"),
	OPT_END,
};

const struct command command_metrics = {
	.name = "metrics",
	.flags = COMMAND_ENGINE | COMMAND_RECONCILE,
	.usage = "[OPTIONS]",
	.summary = "Show what containers use, as Prometheus reads it",
	.description =
		"Prints the counters of all containers that run in Prometheus' text format, under the names and with the labels "
		"of cAdvisor; what the kernel does not say is left out. With *--listen* it stays and serves them, until SIGINT or "
		"SIGTERM, to whoever can reach the address: there is no password and no TLS. The address that it listens at is "
		"its first line of output."
		"\n\n"
		"_/usr/share/doc/coffer/alerts.yml_ has rules for alerts on OOM kills, throttling and pressure.",
	.examples =
		(const struct example[]){
			{ "metrics --listen :9323", "For a Prometheus on this machine" },
			{ "metrics >/var/lib/node_exporter/coffer.prom",
			  "For the textfile collector of node_exporter" },
			{ 0 },
		},
	.options = (const struct option *const[]){ OPTIONS, NULL },
	.options_size = sizeof(struct metrics_options),
	.run = run,
};
