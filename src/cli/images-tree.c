/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/images-tree.h"

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/format.h"
#include "cli/table.h"

struct tree {
	struct image *const *images;
	size_t count;
	size_t *layers;	 /* how many each image has */
	size_t *parents; /* of each, or `count` */
	bool no_trunc;
	struct table table;
};

static bool begins_with(const struct image *image, const struct image *base, size_t layers)
{
	for (size_t i = 0; i < layers; i++)
		if (!streq(image->diff_ids[i], base->diff_ids[i]))
			return false;
	return true;
}

/* Of several with the same layers the first one. An image without layers is nobody's base. */
static size_t find_parent(const struct tree *tree, size_t image)
{
	size_t parent = tree->count, most = 0;
	for (size_t i = 0; i < tree->count; i++) {
		size_t layers = tree->layers[i];
		if (layers > most && layers < tree->layers[image] &&
		    begins_with(tree->images[image], tree->images[i], layers)) {
			parent = i;
			most = layers;
		}
	}
	return parent;
}

static void add_row(struct tree *tree, size_t image, const char *branch)
{
	const struct image *shown = tree->images[image];
	size_t parent = tree->parents[image];
	int64_t own = shown->size - (parent < tree->count ? tree->images[parent]->size : 0);
	_cleanup_free_ char *names = strv_join(shown->names, " ");
	_cleanup_free_ char *cell = mem_printf("%s%s", branch, *names ? names : "<none>");
	_cleanup_str_ struct str id = { 0 };
	char size[SIZE_TEXT_MAX];
	format_image_id(&id, shown->id, tree->no_trunc);
	table_add(&tree->table, cell);
	table_add(&tree->table, str_text(&id));
	table_add(&tree->table, format_size((uint64_t)shown->size, size));
	table_add(&tree->table, format_size(own > 0 ? (uint64_t)own : 0, size));
}

/* The next one of the same parent, or `count`. */
static size_t next_child(const struct tree *tree, size_t parent, size_t from)
{
	while (from < tree->count && tree->parents[from] != parent)
		from++;
	return from;
}

/* What is below @parent, behind the lines @trunk of what is above it. */
static void add_children(struct tree *tree, size_t parent, const char *trunk)
{
	for (size_t child = next_child(tree, parent, 0), next; child < tree->count; child = next) {
		next = next_child(tree, parent, child + 1);
		bool is_root = parent == tree->count, is_last = next == tree->count;
		_cleanup_free_ char *branch = mem_printf("%s%s", trunk, is_root ? "" : is_last ? "└── " : "├── ");
		_cleanup_free_ char *below = mem_printf("%s%s", trunk, is_root ? "" : is_last ? "    " : "│   ");
		add_row(tree, child, branch);
		add_children(tree, child, below);
	}
}

void images_tree_print(struct image *const *images, size_t count, bool no_trunc)
{
	_cleanup_free_ size_t *layers = mem_alloc((count + 1) * sizeof *layers);
	_cleanup_free_ size_t *parents = mem_alloc((count + 1) * sizeof *parents);
	struct tree tree = { .images = images,
			     .count = count,
			     .layers = layers,
			     .parents = parents,
			     .no_trunc = no_trunc,
			     .table = { .columns = 4 } };
	for (size_t i = 0; i < count; i++)
		layers[i] = strv_count(images[i]->diff_ids);
	for (size_t i = 0; i < count; i++)
		parents[i] = find_parent(&tree, i);
	table_add_row(&tree.table, (const char *const[]){ "IMAGE", "IMAGE ID", "SIZE", "OWN SIZE", NULL });
	add_children(&tree, count, "");
	table_print(&tree.table, stdout);
	table_done(&tree.table);
}
