"""Lightning으로 적은 같은 오토인코더와, 그것이 남기는 체크포인트. Lightning(aelab[bench])이 있어야 합니다."""

import logging
import warnings
from pathlib import Path

import lightning as L
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from aelab.models import Decoder, Encoder


class LitAutoencoder(L.LightningModule):
    def __init__(self, base_channel_size: int, latent_dim: int) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.encoder = Encoder(latent_dim, base_channel_size)
        self.decoder = Decoder(latent_dim, base_channel_size)

    def forward(self, images):
        return self.decoder(self.encoder(images))

    def training_step(self, batch, batch_index):
        (images,) = batch
        return F.mse_loss(self(images), images, reduction="sum") / len(images)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=1e-3)


def write_checkpoint(path: Path, weights: dict, latent_dim: int) -> None:
    """한 걸음 학습해 Adam의 상태까지 생긴 체크포인트를, 가중치는 `weights`로 하여 적습니다."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    model = LitAutoencoder(32, latent_dim)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # 작은 학습에 대한 조언
        trainer = L.Trainer(
            max_steps=1,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(model, DataLoader(TensorDataset(torch.zeros(2, 3, 32, 32)), batch_size=2))
    model.load_state_dict(weights)
    trainer.save_checkpoint(path)
