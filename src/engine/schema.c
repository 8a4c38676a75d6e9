/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/schema.h"

#include "base/util.h"

/*
 * A step that has been released is never changed: databases of its version exist. Another one is added behind it.
 *
 * containers.state is an enum container_state, of which only CREATED, RUNNING, EXITED and DEAD are kept: what a running
 * one does just now, its monitor knows. The few that are not final are found by an index of their own.
 * containers.config is the text of container_config_to_json(); containers.last_status that of the last status.json of
 * its monitor, or "".
 * image_names.name is a reference in full: "docker.io/library/busybox:latest", or "docker.io/library/busybox@sha256:...".
 *
 * Every command parses all of this when it opens the database: hence few tables, and indexes only where the number of
 * rows has no bound.
 */
const char *const SCHEMA_STEPS[] = {
	"CREATE TABLE images ("
	"	id TEXT PRIMARY KEY," /* the digest of its configuration */
	"	manifest TEXT NOT NULL,"
	"	manifest_type TEXT NOT NULL,"
	"	manifest_size INTEGER NOT NULL,"
	"	os TEXT NOT NULL,"
	"	architecture TEXT NOT NULL,"
	"	variant TEXT NOT NULL,"
	"	created TEXT NOT NULL" /* RFC 3339, or "" */
	") WITHOUT ROWID;"

	"CREATE TABLE image_layers ("
	"	image TEXT NOT NULL REFERENCES images ON DELETE CASCADE,"
	"	position INTEGER NOT NULL," /* the bottom is 0 */
	"	diff_id TEXT NOT NULL,"
	"	size INTEGER NOT NULL," /* bytes in its files */
	"	PRIMARY KEY (image, position)"
	") WITHOUT ROWID;"

	"CREATE TABLE image_blobs ("
	"	image TEXT NOT NULL REFERENCES images ON DELETE CASCADE,"
	"	digest TEXT NOT NULL,"
	"	PRIMARY KEY (image, digest)"
	") WITHOUT ROWID;"

	"CREATE TABLE image_names ("
	"	name TEXT PRIMARY KEY,"
	"	image TEXT NOT NULL REFERENCES images ON DELETE CASCADE"
	") WITHOUT ROWID;"

	"CREATE TABLE containers ("
	"	id TEXT NOT NULL UNIQUE,"
	"	name TEXT NOT NULL UNIQUE,"
	"	image TEXT NOT NULL REFERENCES images,"
	"	state INTEGER NOT NULL,"
	"	auto_remove INTEGER NOT NULL,"
	"	created_at INTEGER NOT NULL,"
	"	started_at INTEGER NOT NULL DEFAULT 0,"
	"	finished_at INTEGER NOT NULL DEFAULT 0,"
	"	exit_code INTEGER NOT NULL DEFAULT 0,"
	"	oom_killed INTEGER NOT NULL DEFAULT 0,"
	"	error TEXT NOT NULL DEFAULT '',"
	"	runroot TEXT NOT NULL DEFAULT ''," /* below which it runs, or ran */
	"	config TEXT NOT NULL"
	");"
	"CREATE INDEX containers_running ON containers (runroot) WHERE state = 1;"

	/* Work that follows from a change: "index.json", "garbage". */
	"CREATE TABLE due ("
	"	work TEXT PRIMARY KEY,"
	"	times INTEGER NOT NULL" /* that it became due */
	") WITHOUT ROWID;",

	"ALTER TABLE containers ADD COLUMN last_status TEXT NOT NULL DEFAULT '';",
	/* Networks, and what of them running containers have. Vectors are JSON arrays; "" is no address. */
	"CREATE TABLE networks ("
	"	name TEXT PRIMARY KEY,"
	"	id TEXT NOT NULL UNIQUE,"
	"	driver TEXT NOT NULL,"
	"	bridge TEXT NOT NULL UNIQUE,"
	"	subnet TEXT NOT NULL,"
	"	gateway TEXT NOT NULL,"
	"	range TEXT NOT NULL,"
	"	subnet6 TEXT NOT NULL,"
	"	gateway6 TEXT NOT NULL,"
	"	internal INTEGER NOT NULL,"
	"	routed INTEGER NOT NULL,"
	"	mtu INTEGER NOT NULL,"
	"	options TEXT NOT NULL,"
	"	labels TEXT NOT NULL,"
	"	created_at INTEGER NOT NULL,"
	"	next INTEGER NOT NULL DEFAULT 0" /* the place in its range where the next search for an address begins */
	") WITHOUT ROWID;"

	"CREATE TABLE endpoints ("
	"	container TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,"
	"	network TEXT NOT NULL REFERENCES networks,"
	"	link TEXT NOT NULL UNIQUE,"
	"	interface TEXT NOT NULL,"
	"	mac TEXT NOT NULL,"
	"	address TEXT NOT NULL,"
	"	address6 TEXT,"
	"	aliases TEXT NOT NULL,"
	"	PRIMARY KEY (container, network),"
	"	UNIQUE (network, address),"
	"	UNIQUE (network, address6)"
	") WITHOUT ROWID;"

	"CREATE TABLE ports ("
	"	container TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,"
	"	host TEXT NOT NULL,"	    /* "": each address */
	"	protocol INTEGER NOT NULL," /* IPPROTO_ */
	"	host_port INTEGER NOT NULL,"
	"	address TEXT NOT NULL,"
	"	container_port INTEGER NOT NULL"
	");"
	"CREATE INDEX ports_host ON ports (host_port, protocol);"
	"CREATE INDEX ports_container ON ports (container);",

	/* Volumes, and which containers have them (volume.h). */
	"CREATE TABLE volumes ("
	"	name TEXT PRIMARY KEY,"
	"	options TEXT NOT NULL,"
	"	labels TEXT NOT NULL,"
	"	created_at INTEGER NOT NULL,"
	"	going INTEGER NOT NULL DEFAULT 0" /* it is being removed */
	") WITHOUT ROWID;"

	"CREATE TABLE volume_uses ("
	"	container TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,"
	"	volume TEXT NOT NULL REFERENCES volumes,"
	"	fill INTEGER NOT NULL," /* the image's files have yet to be copied to it */
	"	PRIMARY KEY (container, volume)"
	") WITHOUT ROWID;"
	"CREATE INDEX volume_uses_volume ON volume_uses (volume);",

	/* Network policies, as they were given; network "" is every one (network-policy.h). */
	"CREATE TABLE policies ("
	"	network TEXT NOT NULL,"
	"	name TEXT NOT NULL,"
	"	document TEXT NOT NULL,"
	"	created_at INTEGER NOT NULL,"
	"	PRIMARY KEY (network, name)"
	") WITHOUT ROWID;",

	/* Images that are mounted into containers which are made of others. */
	"CREATE TABLE image_uses ("
	"	container TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,"
	"	image TEXT NOT NULL REFERENCES images,"
	"	PRIMARY KEY (container, image)"
	") WITHOUT ROWID;",

	/* Places on CNI networks (network-cni.h); they may outlive their containers. All but the path is JSON. */
	"CREATE TABLE cni ("
	"	container TEXT PRIMARY KEY,"
	"	path TEXT NOT NULL," /* where its plugins are */
	"	configuration TEXT NOT NULL,"
	"	capabilities TEXT NOT NULL," /* what its plugins get of us */
	"	result TEXT NOT NULL DEFAULT ''"
	") WITHOUT ROWID;",

	/* More of a network's subnets. */
	"ALTER TABLE networks ADD COLUMN range6 TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE networks ADD COLUMN auxiliary TEXT NOT NULL DEFAULT '[]';",
	/* Ids of the host that containers have in user namespaces of their own (id-range.h). */
	"CREATE TABLE id_ranges ("
	"	container TEXT NOT NULL REFERENCES containers (id) ON DELETE CASCADE,"
	"	first INTEGER NOT NULL,"
	"	size INTEGER NOT NULL,"
	"	PRIMARY KEY (container, first)"
	") WITHOUT ROWID;",

	/* One row: which database this is (identity.h). */
	"CREATE TABLE identity (id TEXT NOT NULL);",

	/* A container can be on several CNI networks. */
	"ALTER TABLE cni RENAME TO cni_before;"
	"CREATE TABLE cni ("
	"	container TEXT NOT NULL,"
	"	interface TEXT NOT NULL,"
	"	path TEXT NOT NULL,"
	"	configuration TEXT NOT NULL,"
	"	capabilities TEXT NOT NULL,"
	"	result TEXT NOT NULL DEFAULT '',"
	"	PRIMARY KEY (container, interface)"
	") WITHOUT ROWID;"
	"INSERT INTO cni SELECT container, 'eth0', path, configuration, capabilities, result FROM cni_before;"
	"DROP TABLE cni_before;",

	/* The names of each image, for lists and removals. */
	"CREATE INDEX image_names_image ON image_names (image);",

	/* Pods (pod.h). A pod comes with its infra container, and goes with it. */
	"CREATE TABLE pods ("
	"	id TEXT PRIMARY KEY,"
	"	name TEXT NOT NULL UNIQUE,"
	"	infra TEXT NOT NULL UNIQUE REFERENCES containers (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,"
	"	shares TEXT NOT NULL,"
	"	labels TEXT NOT NULL,"
	"	stops INTEGER NOT NULL," /* with its last container */
	"	created_at INTEGER NOT NULL,"
	"	going INTEGER NOT NULL DEFAULT 0" /* it is being removed */
	") WITHOUT ROWID;"
	"ALTER TABLE containers ADD COLUMN pod TEXT REFERENCES pods;"
	"CREATE INDEX containers_pod ON containers (pod) WHERE pod IS NOT NULL;",

	/* Few join others, and each container that ends has to know whether any does. */
	"CREATE INDEX containers_that_join ON containers (state) WHERE " CONTAINER_JOINS_NETWORK ";",
};

const size_t SCHEMA_STEP_COUNT = ARRAY_SIZE(SCHEMA_STEPS);
