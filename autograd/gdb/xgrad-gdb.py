"""Pretty printers of gdb for xgrad: Tensor, Shape and Module, in a live process and from a core file.

gdb loads this file with the library when both are installed below /usr; else: (gdb) source .../xgrad-gdb.py
What is behind a Tensor is not in a program's debug information. The library says where it is, in tables of offsets:
autograd/src/core/tape/debug_layout.cpp and nn/src/debug_layout.cpp.
"""
import struct

import gdb
import gdb.printing

DTYPES = [("float32", "f", 4), ("float64", "d", 8), ("int64", "q", 8), ("int32", "i", 4), ("uint8", "B", 1),
          ("bool", "?", 1)]
TENSOR = ["version", "dtype", "flags", "storage", "numel", "shape", "strides", "grad_fn", "grad", "extra", "place",
          "extra_name", "storage_data", "node_op"]
MODULE = ["version", "parameters", "buffers", "children", "info", "training", "info_name", "info_label"]
MOST_RANK, MOST_VALUES, EDGE = 8, 200, 3
STRING, TENSOR_HANDLE, POINTER = 32, 8, 8  # bytes of std::string, of a Tensor and of a pointer


def memory(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


def number(address, code, size):
    return struct.unpack("<" + code, memory(address, size))[0]


def pointer(address):
    return number(address, "Q", 8)


def std_string(address):
    return memory(pointer(address), pointer(address + 8)).decode("utf-8", "replace")


def c_string(address):
    text = b""
    while not text.endswith(b"\0") and len(text) < 200:
        text += memory(address + len(text), 1)
    return text[:-1].decode("utf-8", "replace")


def layout(symbol, names):
    """The table of the library: a dictionary, or None where it has another form."""
    at = int(gdb.parse_and_eval("(unsigned long)&" + symbol))
    values = struct.unpack("<%dI" % len(names), memory(at, 4 * len(names)))
    return dict(zip(names, values)) if values[0] == 1 else None


def shape_at(address):
    rank = number(address + 8 * MOST_RANK, "B", 1)
    return list(struct.unpack("<%dq" % rank, memory(address, 8 * rank))) if rank <= MOST_RANK else None


def shape_text(shape):
    return "(%s)" % ", ".join(str(n) for n in shape)


def value_text(v, code):
    return "%.5g" % v if code in "fd" else str(v).lower() if code == "?" else str(v)


class Values:
    """The numbers of a tensor, as nested lists; long ones without their middle, as Tensor itself prints them."""

    def __init__(self, place, shape, strides, dtype):
        self.place, self.shape, self.strides = place, shape, strides
        self.code, self.item = dtype
        count = 1
        for n in shape:
            count *= n
        self.short = count > MOST_VALUES

    def text(self, dim=0, offset=0):
        if dim == len(self.shape):
            return value_text(number(self.place + offset * self.item, self.code, self.item), self.code)
        n = self.shape[dim]
        shown = list(range(n))
        if self.short and n > 2 * EDGE:
            shown = shown[:EDGE] + [None] + shown[-EDGE:]
        return "[%s]" % ", ".join(
            "..." if i is None else self.text(dim + 1, offset + i * self.strides[dim]) for i in shown)


def tensor_text(impl):
    if impl == 0:
        return "undefined"
    at = layout("xgrad_debug_layout", TENSOR)
    if at is None:
        return "Tensor of another version of xgrad"
    kind = number(impl + at["dtype"], "B", 1)
    shape, strides = shape_at(impl + at["shape"]), shape_at(impl + at["strides"])
    if kind >= len(DTYPES) or shape is None:
        return "<not a Tensor>"
    name, code, item = DTYPES[kind]
    text = "%s %s" % (name, shape_text(shape))
    if extra := pointer(impl + at["extra"]):
        if given := std_string(extra + at["extra_name"]):
            text = "%s: %s" % (given, text)
    if node := pointer(impl + at["grad_fn"]):
        text += ", grad_fn %s" % c_string(pointer(node + at["node_op"]))
    elif number(impl + at["flags"], "B", 1) & 1:
        text += ", requires_grad"
    place = pointer(impl + at["place"])
    storage = pointer(impl + at["storage"])
    if place == 0 and storage and strides is not None and 0 not in shape:
        return text + ", values not laid out"
    return "%s = %s" % (text, Values(place, shape, strides, (code, item)).text())


class TensorPrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        try:
            return tensor_text(int(self.value["impl_"]))
        except (gdb.error, gdb.MemoryError, struct.error) as e:
            return "<Tensor: %s>" % e


class ShapePrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        shape = shape_at(int(self.value.address)) if self.value.address else None
        return "<not a Shape>" if shape is None else shape_text(shape)


class ModulePrinter:
    """Label, mode, and what the module holds by name."""

    def __init__(self, value):
        self.value = value

    def state(self):
        return int(self.value["state_"]["_M_ptr"])

    def to_string(self):
        try:
            return module_text(self.state())
        except (gdb.error, gdb.MemoryError, struct.error) as e:
            return "<Module: %s>" % e

    def children(self):
        try:
            state = self.state()
            at = layout("xgrad_debug_layout_nn", MODULE)
            if state == 0 or at is None:
                return
            for list_name in ("parameters", "buffers"):
                for name, address in pairs(state + at[list_name], TENSOR_HANDLE):
                    yield name, tensor_text(pointer(address))
            for name, address in pairs(state + at["children"], 2 * POINTER):
                yield name, module_text(pointer(address))
        except (gdb.error, gdb.MemoryError, struct.error) as e:
            yield "?", str(e)


def pairs(vector, second):
    """Names and addresses of the second members of a std::vector<std::pair<std::string, T>>."""
    step = STRING + second
    for address in range(pointer(vector), pointer(vector + POINTER), step):
        yield std_string(address), address + STRING


def module_text(state):
    if state == 0:
        return "empty module"
    at = layout("xgrad_debug_layout_nn", MODULE)
    if at is None:
        return "Module of another version of xgrad"
    info = pointer(state + at["info"])
    label = std_string(info + at["info_label"]) or std_string(info + at["info_name"]) or "Module"
    return label + ("" if number(state + at["training"], "?", 1) else ", eval")


PRINTERS = {"xgrad::Tensor": TensorPrinter, "xgrad::Shape": ShapePrinter, "xgrad::nn::Module": ModulePrinter}


def printer_of(type_):
    """That of the type or of one of its bases."""
    type_ = type_.unqualified().strip_typedefs()
    if type_.code != gdb.TYPE_CODE_STRUCT:
        return None
    if type_.tag in PRINTERS:
        return PRINTERS[type_.tag]
    for field in type_.fields():
        if field.is_base_class:
            if found := printer_of(field.type):
                return found
    return None


class Lookup(gdb.printing.PrettyPrinter):
    def __init__(self):
        super().__init__("xgrad")

    def __call__(self, value):
        printer = printer_of(value.type)
        return printer(value) if printer else None


gdb.printing.register_pretty_printer(gdb.current_objfile(), Lookup(), replace=True)
