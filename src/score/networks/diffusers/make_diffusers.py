"""Makes small networks with the diffusers library, with inputs and outputs in f64: python make_diffusers.py FOLDER"""
import os
import sys

import numpy as np
import torch
from diffusers import UNet2DModel

common = dict(sample_size=16, in_channels=2, out_channels=2, block_out_channels=(32, 64), layers_per_block=1, norm_num_groups=8,
              down_block_types=("DownBlock2D", "AttnDownBlock2D"), up_block_types=("AttnUpBlock2D", "UpBlock2D"))
cases = dict(
    plain={}, shift=dict(resnet_time_scale_shift="scale_shift", attn_norm_num_groups=16, mid_block_scale_factor=1.5),
    shift_bare=dict(resnet_time_scale_shift="scale_shift", attention_head_dim=None, downsample_padding=0, flip_sin_to_cos=False, freq_shift=1),
    fourier=dict(time_embedding_type="fourier", center_input_sample=True, num_class_embeds=None, add_attention=False),
    resnet=dict(downsample_type="resnet", upsample_type="resnet", num_class_embeds=5, layers_per_block=2,
                down_block_types=("AttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "AttnUpBlock2D")),
)
for name, more in cases.items():
    torch.manual_seed(1)
    net = UNet2DModel(**{**common, **more}).eval()
    for p in net.parameters():
        p.data += 0.05 * torch.randn_like(p)
    folder = os.path.join(sys.argv[1], name)
    net.save_pretrained(folder)
    net = net.double()
    x = torch.randn(2, 2, 8, 12, dtype=torch.float64, requires_grad=True)
    t = torch.tensor([3.5, 70.0], dtype=torch.float64) if name == "fourier" else torch.tensor([37, 911])
    arrays = {}
    labels = None
    if more.get("num_class_embeds"):
        labels = torch.tensor([4, 1])
        arrays["class"] = labels.numpy()
    out = net(x, t, labels).sample
    (out**2).sum().backward()
    arrays.update(x=x.detach().numpy(), t=t.numpy(), out=out.detach().numpy(), grad=x.grad.numpy())
    np.savez(os.path.join(folder, "golden.npz"), **arrays)
    print(name, len(net.state_dict()))
