"""견줄 상대: 같은 일을 torchvision과 PyTorch로 흔히 적는 대로 적은 것."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, Dataset, Subset, random_split
from torchvision import transforms
from torchvision.datasets import CIFAR10

import aelab

NORMALIZE = [transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))]


def dataset(root: Path, split: str, count: int | None = None, *, flip: bool = False) -> Dataset:
    """aelab과 같은 이미지가 같은 차례로 든 torchvision의 자료. `count`는 앞에서부터의 장수."""
    augment = [transforms.RandomHorizontalFlip()] if flip else []
    transform = transforms.Compose([*augment, *NORMALIZE])
    whole = CIFAR10(root, train=split != "test", transform=transform)
    if split == "test":
        part: Dataset = whole
    else:
        seed = torch.Generator().manual_seed(42)
        train, validation = random_split(whole, [45_000, 5_000], generator=seed)
        part = train if split == "train" else validation
    return part if count is None else Subset(part, range(count))


def loader(images: Dataset, batch_size: int, workers: int, *, shuffle: bool = False) -> DataLoader:
    """작업자를 두면 다음 epoch에도 그대로 씁니다. 다시 띄우는 시간을 들이지 않는 쪽입니다."""
    return DataLoader(
        images,
        batch_size=batch_size,
        shuffle=shuffle,
        num_workers=workers,
        persistent_workers=workers > 0,
    )


def train(config: "aelab.training.TrainingConfig", batches: DataLoader, held_out: DataLoader):
    """한 epoch 학습하고 검증 오차를 돌려줍니다. 최적화기와 학습률은 `config`의 것, fp32."""
    from aelab.muon import Muon

    generator = torch.Generator().manual_seed(config.seed)
    model = aelab.Autoencoder(config.latent_dim, generator=generator)
    weights = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    optimizers = [
        Muon(weights, lr=config.muon_learning_rate, weight_decay=config.weight_decay),
        torch.optim.AdamW(others, lr=config.learning_rate, weight_decay=0.0),
    ]
    schedulers = [
        OneCycleLR(
            optimizer,
            max_lr=optimizer.param_groups[0]["lr"],
            total_steps=len(batches),
            pct_start=0.15,
            final_div_factor=1e4,
            cycle_momentum=False,
        )
        for optimizer in optimizers
    ]
    model.train()
    for images, _ in batches:
        loss = F.mse_loss(model(images), images, reduction="sum") / len(images)
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer, scheduler in zip(optimizers, schedulers, strict=True):
            optimizer.step()
            scheduler.step()

    model.eval()
    total, count = 0.0, 0
    with torch.no_grad():
        for images, _ in held_out:
            total += F.mse_loss(model(images), images, reduction="sum").item()
            count += len(images)
    return total / count


@torch.no_grad()
def embed(encoder: nn.Module, batches: DataLoader) -> tuple[Tensor, Tensor]:
    """이미지와 잠재 벡터를 목록에 모았다가 잇습니다."""
    encoder.eval()
    collected, codes = [], []
    for images, _ in batches:
        collected.append(images)
        codes.append(encoder(images))
    return torch.cat(collected), torch.cat(codes)


def nearest_by_sort(corpus: Tensor, queries: Tensor, k: int) -> Tensor:
    """질의마다 거리를 모두 재어 모두 정렬합니다."""
    found = [torch.cdist(query[None], corpus)[0].sort().indices[:k] for query in queries]
    return torch.stack(found)


def nearest_by_topk(corpus: Tensor, queries: Tensor, k: int) -> Tensor:
    """질의마다 거리를 모두 재어 가까운 것만 고릅니다."""
    found = [
        torch.cdist(query[None], corpus)[0].topk(k, largest=False).indices for query in queries
    ]
    return torch.stack(found)
