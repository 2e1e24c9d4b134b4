"""노트북을 열어 첫 재구성까지, Lightning과 torchvision으로. 걸린 초와 첫 이미지의 제곱오차를 JSON으로 냅니다.

python benchmarks/opening/by_lightning.py CIFAR-10의_폴더 체크포인트
"""
# ruff: noqa: E402

import time

started = time.perf_counter()

# 첫째 셀: 준비
import json
import sys
from pathlib import Path

import lightning as L
import matplotlib
import matplotlib.pyplot as plt  # noqa: F401
import seaborn as sns
import torch
import torchvision  # noqa: F401
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint  # noqa: F401
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, random_split
from torch.utils.tensorboard import SummaryWriter  # noqa: F401
from torchvision import transforms
from torchvision.datasets import CIFAR10
from tqdm.auto import tqdm  # noqa: F401

imported = time.perf_counter()

sns.set_theme()
matplotlib.rcParams["lines.linewidth"] = 2.0
L.seed_everything(42, verbose=False)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# 둘째 셀: 체크포인트가 있는지
data, checkpoint = map(Path, sys.argv[1:])
if not checkpoint.is_file():
    sys.exit(f"{checkpoint}: 체크포인트가 없습니다.")

# 셋째 셀: 자료
transform = transforms.Compose(
    [transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))]
)
train_dataset = CIFAR10(data, train=True, transform=transform, download=True)
split = torch.Generator().manual_seed(42)
train_set, validation_set = random_split(train_dataset, [45_000, 5_000], generator=split)
test_set = CIFAR10(data, train=False, transform=transform, download=True)
train_loader = DataLoader(train_set, batch_size=256, shuffle=True, drop_last=True, num_workers=2)
# 한 묶음만 볼 것에 작업자를 띄우지 않습니다.
validation_loader = DataLoader(validation_set, batch_size=256)
test_loader = DataLoader(test_set, batch_size=256)


# 넷째 셀: 인코더
class Encoder(nn.Module):
    def __init__(self, c: int, latent_dim: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, c, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(c, c, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(c, 2 * c, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(2 * c, 2 * c, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(2 * c, 2 * c, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(2 * c * 16, latent_dim),
        )

    def forward(self, images):
        return self.net(images)


# 다섯째 셀: 디코더
class Decoder(nn.Module):
    def __init__(self, c: int, latent_dim: int) -> None:
        super().__init__()
        doubling = {"kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1}
        self.linear = nn.Sequential(nn.Linear(latent_dim, 2 * c * 16), nn.GELU())
        self.net = nn.Sequential(
            nn.ConvTranspose2d(2 * c, 2 * c, **doubling),
            nn.GELU(),
            nn.Conv2d(2 * c, 2 * c, 3, padding=1),
            nn.GELU(),
            nn.ConvTranspose2d(2 * c, c, **doubling),
            nn.GELU(),
            nn.Conv2d(c, c, 3, padding=1),
            nn.GELU(),
            nn.ConvTranspose2d(c, 3, **doubling),
            nn.Tanh(),
        )

    def forward(self, codes):
        return self.net(self.linear(codes).reshape(len(codes), -1, 4, 4))


# 모델: 체크포인트에서 읽어 한 묶음을 재구성합니다.
class LitAutoencoder(L.LightningModule):
    def __init__(self, base_channel_size: int, latent_dim: int) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.encoder = Encoder(base_channel_size, latent_dim)
        self.decoder = Decoder(base_channel_size, latent_dim)

    def forward(self, images):
        return self.decoder(self.encoder(images))


model = LitAutoencoder.load_from_checkpoint(checkpoint, map_location=device).eval()
images, _ = next(iter(validation_loader))
with torch.no_grad():
    restored = model(images.to(device)).cpu()
finished = time.perf_counter()

error = float(F.mse_loss(restored[0], images[0], reduction="sum"))
print(json.dumps({"all": finished - started, "after": finished - imported, "error": error}))
