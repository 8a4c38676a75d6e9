/* SPDX-License-Identifier: Apache-2.0 */
/* How an index says what its entries are called. */
#pragma once

/* The name in full; containerd's and Docker's. */
#define ANNOTATION_IMAGE_NAME "io.containerd.image.name"

/*
 * A tag, or what else stands behind the name of the layout. Source: OCI image-spec, annotations.md.
 */
#define ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"
