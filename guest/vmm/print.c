#include "print.h"

#include "console.h"
#include "sbi.h"

struct output
{
    char *buffer;
    size_t size;
    size_t length;
};

static void put(struct output *output, char c)
{
    if (output->length + 1 < output->size)
        output->buffer[output->length++] = c;
}

static void put_number(struct output *output, u64 value, unsigned base)
{
    char digits[20];
    int count = 0;
    do
    {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count > 0)
        put(output, digits[--count]);
}

static size_t format_list(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct output output = { buffer, size, 0 };
    for (const char *at = format; *at != 0; at++)
    {
        if (*at != '%')
        {
            put(&output, *at);
            continue;
        }
        bool is_long = *++at == 'l';
        if (is_long)
            at++;
        switch (*at)
        {
            case 's':
                for (const char *text = va_arg(arguments, const char *); *text != 0; text++)
                    put(&output, *text);
                break;
            case 'c':
                put(&output, (char)va_arg(arguments, int));
                break;
            case 'd':
            {
                s64 value = is_long ? va_arg(arguments, s64) : va_arg(arguments, int);
                if (value < 0)
                    put(&output, '-');
                put_number(&output, value < 0 ? -(u64)value : (u64)value, 10);
                break;
            }
            case 'u':
            case 'x':
                put_number(&output, is_long ? va_arg(arguments, u64) : va_arg(arguments, u32), *at == 'u' ? 10 : 16);
                break;
            default:
                put(&output, *at);
                break;
        }
    }
    buffer[output.length] = 0;
    return output.length;
}

size_t format_text(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_list(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}

static void print_list(const char *format, va_list arguments)
{
    char line[1024];
    console_write_line(line, format_list(line, sizeof line, format, arguments));
}

void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_list(format, arguments);
    va_end(arguments);
}

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_list(format, arguments);
    va_end(arguments);
    sbi_system_reset(RESET_SHUTDOWN, RESET_SYSTEM_FAILURE);
}
