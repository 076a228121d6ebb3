"""The published networks restated with PyTorch's layers, for timing: structure and sizes are those of
include/oldphoto/models, weights are random."""

import torch
import torch.nn.functional as F
from torch import nn


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels),
            nn.ReLU(), nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels))

    def forward(self, x):
        return x + self.layers(x)


def residuals(channels, count):
    return [Residual(channels) for _ in range(count)]


def conv_norm_relu(convolution, channels):
    return [convolution, nn.InstanceNorm2d(channels), nn.ReLU()]


def encoder(width=64):
    layers = [nn.ReflectionPad2d(3), *conv_norm_relu(nn.Conv2d(3, width, 7), width)]
    for _ in range(2):
        layers += conv_norm_relu(nn.Conv2d(width, width, 4, 2, 1), width)
    return nn.Sequential(*layers, *residuals(width, 4))


def decoder(width=64):
    layers = residuals(width, 4)
    for _ in range(2):
        layers += conv_norm_relu(nn.ConvTranspose2d(width, width, 4, 2, 1), width)
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())


WIDTHS = [64, 128, 256, 512, 512]


def widening():
    layers = []
    for before, after in zip(WIDTHS, WIDTHS[1:]):
        layers += conv_norm_relu(nn.Conv2d(before, after, 3, 1, 1), after)
    return layers


def narrowing():
    layers = []
    down = WIDTHS[::-1]
    for before, after in zip(down[:-2], down[1:-1]):
        layers += conv_norm_relu(nn.Conv2d(before, after, 3, 1, 1), after)
    return layers + [nn.Conv2d(WIDTHS[1], WIDTHS[0], 3, 1, 1)]


class Mapping(nn.Sequential):
    def __init__(self):
        super().__init__(*widening(), *residuals(512, 6), *narrowing())

    def forward(self, z, mask=None):
        return super().forward(z)


class ScratchMapping(nn.Module):
    """With the whole matrix of attention, as published."""

    def __init__(self, channels=512):
        super().__init__()
        self.before = nn.Sequential(*widening())
        self.theta, self.phi, self.g, self.out = (nn.Conv2d(channels, channels, 1) for _ in range(4))
        self.blocks = nn.Sequential(*residuals(channels, 3))
        self.after = nn.Sequential(*residuals(channels, 6), *narrowing())

    def forward(self, z, mask):
        x = self.before(z)
        size = x.shape[2:]
        near = F.interpolate(mask, size, mode="bilinear", align_corners=False) > 0
        valid = (1 - near.float()) * F.interpolate(1 - mask, size, mode="nearest")
        flat = lambda t: t.flatten(2)
        weights = torch.softmax(flat(self.theta(x)).transpose(1, 2) @ flat(self.phi(x)), -1)
        weights = F.normalize(weights * flat(valid), p=1, dim=2)
        y = (weights @ flat(self.g(x)).transpose(1, 2)).transpose(1, 2).reshape(x.shape)
        filled = self.blocks(self.out(y))
        return self.after(valid * x + (1 - valid) * filled)


class PatchAttention(nn.Module):
    """The path of inference, for sides that are multiples of the patch."""

    def __init__(self, patch, channels=512):
        super().__init__()
        self.patch = patch
        self.block = Residual(channels)
        self.combine = nn.Conv2d(2 * channels + 1, channels, 3, 1, 1)

    def forward(self, z, mask):
        size, p = z.shape[2:], self.patch
        holes = (F.interpolate(mask, size, mode="bilinear", align_corners=False) > 0).float()
        x = self.block(z)
        patches = F.unfold(x, p, stride=p)[0].T
        hole = F.unfold(holes, p, stride=p)[0].mean(0) > 0.6
        if hole.any():
            queries = F.normalize(patches[hole], dim=1)
            keys = F.normalize(patches[~hole], dim=1)
            best = torch.softmax(queries @ keys.T, 1).argmax(1)
            patches = patches.clone()
            patches[hole] = patches[~hole][best]
            x = F.fold(patches.T[None], size, p, stride=p)
        return self.combine(torch.cat([z, x, holes], 1))


class HighResolutionMapping(nn.Module):
    def __init__(self):
        super().__init__()
        self.before = nn.Sequential(*widening(), *residuals(512, 2))
        self.scales = nn.ModuleList(PatchAttention(patch) for patch in (8, 4, 2))
        self.blocks = nn.ModuleList(nn.Sequential(*residuals(512, 2)) for _ in range(3))
        self.after = nn.Sequential(*narrowing())

    def forward(self, z, mask):
        x = self.before(z)
        for scale, block in zip(self.scales, self.blocks):
            x = block(scale(x, mask))
        return self.after(x)


class BlurPool(nn.Module):
    def __init__(self, channels):
        super().__init__()
        row = torch.tensor([1.0, 2.0, 1.0])
        self.register_buffer("filter", (row[:, None] * row / 16).repeat(channels, 1, 1, 1))

    def forward(self, x):
        return F.conv2d(F.pad(x, [1] * 4, mode="reflect"), self.filter, stride=2,
                        groups=x.shape[1])


def unet_conv(before, after, kernel=3):
    return [nn.ReflectionPad2d(kernel // 2), nn.Conv2d(before, after, kernel)]


def unet_block(before, after):
    layers = []
    for inputs in (before, after):
        layers += [*unet_conv(inputs, after), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers)


class Detector(nn.Module):
    def __init__(self, width=64, depth=4):
        super().__init__()
        at = [width << d for d in range(depth + 1)]
        self.first = nn.Sequential(*unet_conv(1, width, 7), nn.LeakyReLU(0.2))
        self.shrink = nn.ModuleList(
            nn.Sequential(*unet_conv(c, c), nn.BatchNorm2d(c), nn.LeakyReLU(0.2), BlurPool(c))
            for c in at[:-1])
        self.down = nn.ModuleList(unet_block(a, b) for a, b in zip(at, at[1:]))
        self.grow = nn.ModuleList(
            nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
                          *unet_conv(2 * c, c)) for c in at[-2::-1])
        self.up = nn.ModuleList(unet_block(2 * c, c) for c in at[-2::-1])
        self.last = nn.Sequential(*unet_conv(width, 1))

    def forward(self, x):
        x = self.first(x)
        skips = []
        for shrink, down in zip(self.shrink, self.down):
            skips.append(x)
            x = down(shrink(x))
        for grow, up in zip(self.grow, self.up):
            x = up(torch.cat([grow(x), skips.pop()], 1))
        return self.last(x)
