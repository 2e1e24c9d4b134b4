"""이 책에서 텐서를 부르는 이름: 축의 이름이 곧 모양의 설명입니다."""

import numpy as np
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

Images = Float[Tensor, "batch channel height width"]
"""이미지 묶음. 모델 곁에서는 (batch, 3, 32, 32), 값은 [-1, 1]."""

ImagesOrArray = Float[Tensor | np.ndarray, "batch channel height width"]
"""텐서나 NumPy 배열인 이미지 묶음."""

StoredImages = UInt8[Tensor, "count channel height width"]
"""저장된 이미지. 값은 0부터 255까지의 정수."""

Labels = Int64[Tensor, " count"]
"""클래스 번호."""

Codes = Float[Tensor, "batch latent"]
"""잠재 벡터 묶음."""

PerImage = Float[Tensor, " batch"]
"""이미지마다 하나씩인 값."""
