"""aelab.plotting: 한글이 깨지지 않고, 그림을 돌려주며, 잘못된 입력을 거절합니다."""

import warnings

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib import font_manager
from matplotlib.figure import Figure

from aelab import plotting

IMAGES = torch.linspace(-1, 1, 5 * 3072).reshape(5, 3, 32, 32)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def only_bundled_fonts(monkeypatch):
    """한글 글꼴이 없는 컴퓨터: matplotlib에 딸린 글꼴과 이 패키지의 글꼴만 남깁니다."""
    manager = font_manager.fontManager
    kept = [f for f in manager.ttflist if "mpl-data" in f.fname or f.fname == str(plotting._FONT)]
    monkeypatch.setattr(manager, "ttflist", kept)
    font_manager._get_font.cache_clear()


def test_korean_text_shows_no_tofu_without_korean_fonts(only_bundled_fonts):
    figure = plotting.image_rows(
        {"원본": IMAGES, "재구성": IMAGES},
        titles=[f"오차 −{i} 꽳" for i in range(5)],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # 글리프가 없으면 matplotlib이 경고합니다.
        figure.canvas.draw()


def test_use_style_makes_own_figures_korean(only_bundled_fonts):
    with plt.rc_context():
        plotting.use_style()
        figure, axis = plt.subplots()
        axis.plot([-1, 1], [1e-3, 1], label="손실")
        axis.set(title="학습 곡선", yscale="log")
        axis.legend()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figure.canvas.draw()


def test_functions_return_figures_and_leave_the_style_of_others_alone(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("show()를 불렀습니다."))
    before = dict(plt.rcParams)
    for figure in (
        plotting.image_rows({"원본": IMAGES}),
        plotting.image_grid(IMAGES, columns=2),
        plotting.feature_maps(IMAGES[0], titles=["가", "나", "다"]),
    ):
        assert isinstance(figure, Figure)
    assert dict(plt.rcParams) == before


def test_pixels_are_shown_as_they_are():
    figure = plotting.image_grid(IMAGES, columns=3)
    shown = figure.axes[1].images[0].get_array()
    expected = ((IMAGES[1] + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    assert (shown == expected).all()
    assert len(figure.axes) == 6


def test_feature_maps_share_one_symmetric_scale():
    figure = plotting.feature_maps(torch.tensor([[[0.5]], [[-2.0]]]))
    assert {axis.images[0].get_clim() for axis in figure.axes} == {(-2.0, 2.0)}


POINTS = torch.rand(5, 2, generator=torch.Generator().manual_seed(0))


def test_map_colours_every_label_and_shows_at_most_the_thumbnails_asked_for():
    figure = plotting.thumbnail_map(POINTS, IMAGES, ["가", "나", "가", "다", "나"], thumbnails=3)
    axis = figure.axes[0]
    assert [len(group.get_offsets()) for group in axis.collections] == [2, 2, 1]
    assert len(axis.artists) == 3


def test_thumbnails_are_spread_out():
    near = torch.tensor([[0.0, 0.0], [0.1, 0.0], [0.0, 0.1], [9.0, 9.0]])
    assert plotting._spread(near, 2) == [0, 3]
    assert plotting._spread(torch.zeros(4, 2), 3) == [0]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plotting.image_rows({}), "한 줄 이상을 기대했는데"),
        (lambda: plotting.image_rows({"가": IMAGES, "나": IMAGES[:2]}), "'나': 2"),
        (lambda: plotting.image_rows({"가": IMAGES, "나": IMAGES[:0]}), r"rows\['나'\]: 한 장"),
        (lambda: plotting.image_rows({"가": IMAGES, "나": IMAGES[0]}), r"rows\['나'\]: .*4차원"),
        (lambda: plotting.image_rows({"가": IMAGES, "나": IMAGES * 2}), r"rows\['나'\]: \[-1, 1\]"),
        (lambda: plotting.image_rows({"가": IMAGES}, titles=["하나"]), "글 5개를 기대했는데 1개"),
        (lambda: plotting.image_grid(IMAGES, titles=[]), "글 5개를 기대했는데 0개"),
        (lambda: plotting.image_grid(IMAGES[:, :1]), r"images: \(n, 3, height, width\)를"),
        (
            lambda: plotting.thumbnail_map(POINTS[:, :1], IMAGES, "가나다라마"),
            r"points: \(5, 2\)를",
        ),
        (lambda: plotting.thumbnail_map(POINTS, IMAGES, "가나다라"), "5개를 기대했는데 4개"),
        (lambda: plotting.thumbnail_map(POINTS / 0, IMAGES, "가나다라마"), "points: 유한한 값만"),
        (lambda: plotting.feature_maps(IMAGES), r"\(channel, height, width\)를 기대했는데"),
        (lambda: plotting.feature_maps(IMAGES[0] / 0), "maps: 유한한 값만"),
    ],
)
def test_bad_input_is_refused_in_korean(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
