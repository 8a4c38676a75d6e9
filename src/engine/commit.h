/* SPDX-License-Identifier: Apache-2.0 */
/* The two parts of an image that is made of a container. */
#pragma once

#include <json-c/json.h>

#include "engine/container-row.h"

/*
 * The configuration: the image's, with what the container runs with, what @request says, and one entry more in its history.
 * json_object_put() it.
 */
int commit_config(struct engine *engine, const struct container_row *row, const struct commit_request *request,
		  struct json_object **ret, struct error *err);

/*
 * A process of ours that writes the layer, an archive of the container's own files, into a pipe. Meanwhile the container
 * is paused with @pause, if it runs and is not paused already; nobody but it has to see to that, so whoever waits for
 * the image may be killed.
 */
struct layer_writer;
int layer_writer_start(struct engine *engine, const struct container_row *row, bool pause, struct layer_writer **ret,
		       struct error *err);

/* What it writes; the writer's. */
int layer_writer_fd(const struct layer_writer *writer);

/* Wait for its end, and free it. Errors: what it has failed with. */
int layer_writer_finish(struct layer_writer *writer, struct error *err);
