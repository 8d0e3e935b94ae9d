#include "fdt.h"

#include "print.h"
#include "sbi.h"

#define FDT_MAGIC 0xD00DFEEDu
#define FDT_VERSION 17u
#define FDT_COMPATIBLE_VERSION 16u
#define HEADER_SIZE 40u
#define RESERVATIONS_SIZE 16u

enum { FDT_BEGIN_NODE = 1, FDT_END_NODE, FDT_PROP, FDT_NOP, FDT_END = 9 };
enum { MAGIC, TOTAL_SIZE, STRUCTURE, STRINGS, RESERVATIONS, VERSION, COMPATIBLE, BOOT_CPU, STRINGS_SIZE, STRUCTURE_SIZE };

static u32 swap(u32 value)
{
    return value << 24 | (value & 0xFF00) << 8 | (value >> 8 & 0xFF00) | value >> 24;
}

static u32 header(const u8 *blob, u32 index)
{
    return swap(((const u32 *)blob)[index]);
}

void fdt_open(struct fdt *fdt, const void *blob)
{
    if (blob == NULL || header(blob, MAGIC) != FDT_MAGIC || header(blob, COMPATIBLE) > FDT_VERSION)
        sbi_system_reset(RESET_SHUTDOWN, RESET_SYSTEM_FAILURE); /* without it there is no serial port to complain on */
    fdt->blob = blob;
    fdt->strings = (const char *)blob + header(blob, STRINGS);
    fdt->root = (const u32 *)(fdt->blob + header(blob, STRUCTURE)) + 2; /* past the token and the empty name */
}

u64 fdt_size(const struct fdt *fdt)
{
    return header(fdt->blob, TOTAL_SIZE);
}

static const char *name_of(fdt_node node_token)
{
    return (const char *)(node_token + 1);
}

static fdt_node skip_name(fdt_node node_token)
{
    return node_token + 1 + align_up(strlen(name_of(node_token)) + 1, 4) / 4;
}

/* The next token after a property or a NOP; others are returned as they are. */
static fdt_node skip_properties(fdt_node at)
{
    for (;;)
    {
        u32 token = swap(*at);
        if (token == FDT_PROP)
            at += 3 + align_up(swap(at[1]), 4) / 4;
        else if (token == FDT_NOP)
            at++;
        else
            return at;
    }
}

/* From the content of a node to past its end. */
static fdt_node skip_node(fdt_node at)
{
    for (int depth = 1; depth > 0;)
    {
        at = skip_properties(at);
        switch (swap(*at))
        {
            case FDT_BEGIN_NODE:
                depth++;
                at = skip_name(at);
                break;
            case FDT_END_NODE:
                depth--;
                at++;
                break;
            default:
                return at; /* the end of the tree */
        }
    }
    return at;
}

fdt_node fdt_first_child(const struct fdt *fdt, fdt_node node)
{
    (void)fdt;
    fdt_node at = skip_properties(node);
    return swap(*at) == FDT_BEGIN_NODE ? skip_name(at) : NULL;
}

fdt_node fdt_next_sibling(const struct fdt *fdt, fdt_node node)
{
    (void)fdt;
    fdt_node at = skip_properties(skip_node(node));
    return swap(*at) == FDT_BEGIN_NODE ? skip_name(at) : NULL;
}

fdt_node fdt_child(const struct fdt *fdt, fdt_node node, const char *name)
{
    (void)fdt;
    size_t length = strlen(name);
    for (fdt_node at = skip_properties(node); swap(*at) == FDT_BEGIN_NODE;)
    {
        const char *own = name_of(at);
        fdt_node child = skip_name(at);
        if (strncmp(own, name, length) == 0 && (own[length] == 0 || own[length] == '@'))
            return child;
        at = skip_properties(skip_node(child));
    }
    return NULL;
}

const void *fdt_property(const struct fdt *fdt, fdt_node node, const char *name, u32 *size)
{
    if (node == NULL)
        return NULL;
    for (fdt_node at = node;;)
    {
        u32 token = swap(*at);
        if (token == FDT_NOP)
        {
            at++;
            continue;
        }
        if (token != FDT_PROP)
            return NULL;
        if (strcmp(fdt->strings + swap(at[2]), name) == 0)
        {
            if (size != NULL)
                *size = swap(at[1]);
            return at + 3;
        }
        at += 3 + align_up(swap(at[1]), 4) / 4;
    }
}

const char *fdt_text(const struct fdt *fdt, fdt_node node, const char *name)
{
    return fdt_property(fdt, node, name, NULL);
}

u32 fdt_cell(const struct fdt *fdt, fdt_node node, const char *name, u32 index, u32 otherwise)
{
    u32 size;
    const u32 *cells = fdt_property(fdt, node, name, &size);
    return cells != NULL && (index + 1) * 4 <= size ? swap(cells[index]) : otherwise;
}

u64 fdt_pair(const struct fdt *fdt, fdt_node node, const char *name, u32 index)
{
    return (u64)fdt_cell(fdt, node, name, index, 0) << 32 | fdt_cell(fdt, node, name, index + 1, 0);
}

struct range fdt_reg(const struct fdt *fdt, fdt_node node)
{
    return (struct range){ fdt_pair(fdt, node, "reg", 0), fdt_pair(fdt, node, "reg", 2) };
}

bool fdt_lists(const struct fdt *fdt, fdt_node node, const char *name, const char *text)
{
    u32 size;
    const char *list = fdt_property(fdt, node, name, &size);
    for (u32 at = 0; list != NULL && at < size; at += (u32)strlen(list + at) + 1)
        if (strcmp(list + at, text) == 0)
            return true;
    return false;
}

bool fdt_is_compatible(const struct fdt *fdt, fdt_node node, const char *with)
{
    return fdt_lists(fdt, node, "compatible", with);
}

fdt_node fdt_by_phandle(const struct fdt *fdt, fdt_node node, u32 phandle)
{
    if (fdt_cell(fdt, node, "phandle", 0, 0) == phandle)
        return node;
    for (fdt_node child = fdt_first_child(fdt, node); child != NULL; child = fdt_next_sibling(fdt, child))
    {
        fdt_node found = fdt_by_phandle(fdt, child, phandle);
        if (found != NULL)
            return found;
    }
    return NULL;
}

static u32 *extend(struct fdt_writer *writer, u64 bytes)
{
    u64 size = align_up(bytes, 4);
    if (writer->used + size > writer->size)
        fail("the device tree of a virtual machine does not fit %u bytes", writer->size);
    u8 *at = writer->blob + writer->used;
    writer->used += (u32)size;
    memset(at, 0, size);
    return (u32 *)at;
}

void fdt_begin(struct fdt_writer *writer, void *buffer, u32 size)
{
    writer->blob = buffer;
    writer->size = size;
    writer->used = 0;
    writer->strings_used = 0;
    extend(writer, HEADER_SIZE + RESERVATIONS_SIZE);
    fdt_begin_node(writer, "");
}

void fdt_begin_node(struct fdt_writer *writer, const char *name)
{
    *extend(writer, 4) = swap(FDT_BEGIN_NODE);
    memcpy(extend(writer, strlen(name) + 1), name, strlen(name));
}

void fdt_begin_unit(struct fdt_writer *writer, const char *name, u64 address)
{
    char text[64];
    format_text(text, sizeof text, "%s@%lx", name, address);
    fdt_begin_node(writer, text);
}

void fdt_end_node(struct fdt_writer *writer)
{
    *extend(writer, 4) = swap(FDT_END_NODE);
}

static u32 string_offset(struct fdt_writer *writer, const char *name)
{
    u32 at = 0;
    for (; at < writer->strings_used; at += (u32)strlen(writer->strings + at) + 1)
        if (strcmp(writer->strings + at, name) == 0)
            return at;
    size_t size = strlen(name) + 1;
    if (at + size > sizeof writer->strings)
        fail("the device tree of a virtual machine has too many property names");
    memcpy(writer->strings + at, name, size);
    writer->strings_used += (u32)size;
    return at;
}

void fdt_put(struct fdt_writer *writer, const char *name, const void *value, u32 size)
{
    u32 *property = extend(writer, 12 + size);
    property[0] = swap(FDT_PROP);
    property[1] = swap(size);
    property[2] = swap(string_offset(writer, name));
    memcpy(property + 3, value, size);
}

void fdt_put_empty(struct fdt_writer *writer, const char *name)
{
    fdt_put(writer, name, "", 0);
}

void fdt_put_text(struct fdt_writer *writer, const char *name, const char *text)
{
    fdt_put(writer, name, text, (u32)strlen(text) + 1);
}

void fdt_put_cells(struct fdt_writer *writer, const char *name, u32 count, const u32 *cells)
{
    u32 *property = extend(writer, 12 + 4ul * count);
    property[0] = swap(FDT_PROP);
    property[1] = swap(4 * count);
    property[2] = swap(string_offset(writer, name));
    for (u32 i = 0; i < count; i++)
        property[3 + i] = swap(cells[i]);
}

void fdt_put_cell(struct fdt_writer *writer, const char *name, u32 cell)
{
    fdt_put_cells(writer, name, 1, &cell);
}

void fdt_put_pair(struct fdt_writer *writer, const char *name, u64 value)
{
    fdt_put_cells(writer, name, 2, (u32[]){ (u32)(value >> 32), (u32)value });
}

void fdt_put_reg(struct fdt_writer *writer, u64 address, u64 size)
{
    fdt_put_cells(writer, "reg", 4, (u32[]){ (u32)(address >> 32), (u32)address, (u32)(size >> 32), (u32)size });
}

u32 fdt_end(struct fdt_writer *writer)
{
    fdt_end_node(writer);
    *extend(writer, 4) = swap(FDT_END);
    u32 structure_end = writer->used;
    memcpy(extend(writer, writer->strings_used), writer->strings, writer->strings_used);
    u32 *fields = (u32 *)writer->blob;
    fields[MAGIC] = swap(FDT_MAGIC);
    fields[TOTAL_SIZE] = swap(writer->used);
    fields[STRUCTURE] = swap(HEADER_SIZE + RESERVATIONS_SIZE);
    fields[STRINGS] = swap(structure_end);
    fields[RESERVATIONS] = swap(HEADER_SIZE);
    fields[VERSION] = swap(FDT_VERSION);
    fields[COMPATIBLE] = swap(FDT_COMPATIBLE_VERSION);
    fields[STRINGS_SIZE] = swap(writer->strings_used);
    fields[STRUCTURE_SIZE] = swap(structure_end - HEADER_SIZE - RESERVATIONS_SIZE);
    return writer->used;
}
