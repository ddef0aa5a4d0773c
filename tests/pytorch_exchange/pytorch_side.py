"""The PyTorch half of the exchange: pytorch_side.py make|check FOLDER.

make   writes resnet20.safetensors and lstm.safetensors: state dicts under PyTorch's names, and beside them (in
       *_io.safetensors) an input and the output that PyTorch computes for it.
check  loads the files that xgrad wrote (*_xgrad.safetensors) into the same models, strictly, and compares outputs with
       those that xgrad computed (*_xgrad_io.safetensors).
"""

import json
import os
import struct
import sys

import torch
from torch import nn

TYPES = {torch.float32: "F32", torch.int64: "I64"}


def write(path, tensors):
    header, data, offset = {}, [], 0
    for name, t in tensors.items():
        raw = t.detach().contiguous().numpy().tobytes()
        header[name] = {"dtype": TYPES[t.dtype], "shape": list(t.shape), "data_offsets": [offset, offset + len(raw)]}
        data.append(raw)
        offset += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(data))


def read(path):
    with open(path, "rb") as f:
        content = f.read()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    header.pop("__metadata__", None)
    types = {v: k for k, v in TYPES.items()}
    tensors = {}
    for name, entry in header.items():
        begin, end = (8 + size + o for o in entry["data_offsets"])
        flat = torch.frombuffer(bytearray(content[begin:end]), dtype=types[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Block(16, 16, 1), Block(16, 16, 1), Block(16, 16, 1))
        self.layer2 = nn.Sequential(Block(16, 32, 2), Block(32, 32, 1), Block(32, 32, 1))
        self.layer3 = nn.Sequential(Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


class LSTMClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(12, 20, num_layers=2, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(40, 5)

    def forward(self, x):
        return self.fc(self.lstm(x)[0])


MODELS = {"resnet20": (ResNet20, (4, 3, 32, 32)), "lstm": (LSTMClassifier, (3, 7, 12))}


def make(folder):
    for name, (model, shape) in MODELS.items():
        torch.manual_seed(0)
        net, x = model(), torch.randn(shape)
        net(x)  # running statistics that are not the first ones
        net.eval()
        write(os.path.join(folder, name + ".safetensors"), net.state_dict())
        write(os.path.join(folder, name + "_io.safetensors"), {"input": x, "output": net(x)})


def check(folder):
    for name, (model, _) in MODELS.items():
        net = model()
        net.load_state_dict(read(os.path.join(folder, name + "_xgrad.safetensors")), strict=True)
        net.eval()
        io = read(os.path.join(folder, name + "_xgrad_io.safetensors"))
        difference = (net(io["input"]) - io["output"]).abs().max().item()
        print(f"{name}: PyTorch and xgrad differ by {difference:.2g}")
        if not difference <= 1e-5:
            sys.exit(1)


{"make": make, "check": check}[sys.argv[1]](sys.argv[2])
