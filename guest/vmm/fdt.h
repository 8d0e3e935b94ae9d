/* Flattened device trees (Devicetree Specification 0.4): reading the machine's, writing those of virtual machines. */
#ifndef VMM_FDT_H
#define VMM_FDT_H

#include "types.h"

/* A node of a tree that is read: where its content begins. NULL is no node. */
typedef const u32 *fdt_node;

struct fdt
{
    const u8 *blob;
    const char *strings;
    fdt_node root;
};

/* Opens a tree; fails if it is none. */
void fdt_open(struct fdt *fdt, const void *blob);

/* The size of the blob in bytes. */
u64 fdt_size(const struct fdt *fdt);

fdt_node fdt_first_child(const struct fdt *fdt, fdt_node node);
fdt_node fdt_next_sibling(const struct fdt *fdt, fdt_node node);

/* The child of this name, with or without its unit address. */
fdt_node fdt_child(const struct fdt *fdt, fdt_node node, const char *name);

/* The value of a property, or NULL; its size in bytes goes to *size if that is not NULL. */
const void *fdt_property(const struct fdt *fdt, fdt_node node, const char *name, u32 *size);

/* A text property, or NULL. */
const char *fdt_text(const struct fdt *fdt, fdt_node node, const char *name);

/* One 32-bit cell of a property; otherwise the given value. */
u32 fdt_cell(const struct fdt *fdt, fdt_node node, const char *name, u32 index, u32 otherwise);

/* Two cells, from the index on, as a 64-bit number; otherwise 0. */
u64 fdt_pair(const struct fdt *fdt, fdt_node node, const char *name, u32 index);

/* The range in a reg property of two address and two size cells. */
struct range fdt_reg(const struct fdt *fdt, fdt_node node);

/* Whether a property holds a text among its texts. */
bool fdt_lists(const struct fdt *fdt, fdt_node node, const char *name, const char *text);

bool fdt_is_compatible(const struct fdt *fdt, fdt_node node, const char *with);

/* A node with this phandle below (or at) a node, or NULL. */
fdt_node fdt_by_phandle(const struct fdt *fdt, fdt_node node, u32 phandle);

/* A tree that is written. Fails when it outgrows its buffer. */
struct fdt_writer
{
    u8 *blob;
    u32 size; /* of the buffer */
    u32 used;
    char strings[1024];
    u32 strings_used;
};

void fdt_begin(struct fdt_writer *writer, void *buffer, u32 size);
void fdt_begin_node(struct fdt_writer *writer, const char *name);

/* A node whose name ends in @ and an address. */
void fdt_begin_unit(struct fdt_writer *writer, const char *name, u64 address);
void fdt_end_node(struct fdt_writer *writer);
void fdt_put(struct fdt_writer *writer, const char *name, const void *value, u32 size);
void fdt_put_empty(struct fdt_writer *writer, const char *name);
void fdt_put_text(struct fdt_writer *writer, const char *name, const char *text);
void fdt_put_cells(struct fdt_writer *writer, const char *name, u32 count, const u32 *cells);
void fdt_put_cell(struct fdt_writer *writer, const char *name, u32 cell);
void fdt_put_pair(struct fdt_writer *writer, const char *name, u64 value);
void fdt_put_reg(struct fdt_writer *writer, u64 address, u64 size);

/* Completes the tree and returns its size in bytes. */
u32 fdt_end(struct fdt_writer *writer);

#endif
