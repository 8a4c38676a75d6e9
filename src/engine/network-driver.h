/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drivers of networks, and what each lets a person choose (`network create --opt`).
 *
 * A network of the driver bridge is a bridge of the host's. One of macvlan or ipvlan has none: its containers' links stand on
 * one of the host's own, the parent, and are seen from outside as machines of their own. The host's packet filter does not
 * see what goes there, so no ports are published and no policies enforced.
 *
 * Sources: the options of docker 28 and podman 5 (`network create`).
 */
#pragma once

#include "engine/network.h"

/* Errors: ERR_INVALID for a driver that there is not; ERR_UNSUPPORTED for one that only root can have. */
int network_driver_check(const char *driver, struct error *err);

/* Take @options into @record, whose driver is known. Errors: ERR_INVALID; ERR_UNSUPPORTED for those that are refused. */
int network_driver_take_options(struct network_record *record, char *const *options, struct error *err);

bool network_is_bridge(const struct network_record *record);

/* The link of the host's that containers' links stand on: the one that was named, or one of our own that leads nowhere. */
const char *network_parent(const struct network_record *record);
