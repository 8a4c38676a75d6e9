/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs' packet filters that drop what ours accepts. Nothing is written into their tables: people are told what to type. */
#pragma once

#include "engine/network-trace-walk.h"
#include "network/firewall-look.h"

/* A step of a way that it may stop. */
void foreign_note(struct walk *walk, const struct firewall_drop *drop);

/*
 * Warn of one that lets nothing through @network, for all that can be seen: when a network is made, and when our table is. That is
 * once after each boot, and costs nothing elsewhere.
 */
void foreign_warn(const struct network_record *network);
