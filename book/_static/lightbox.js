// 그림을 누르면 화면 가득 크게 엽니다. 작은 화면에서는 밀어서 나머지를 봅니다.
document.addEventListener("DOMContentLoaded", () => {
  const dialog = document.createElement("dialog");
  dialog.className = "lightbox";
  dialog.innerHTML = '<button type="button" class="lightbox-close">닫기</button><div tabindex="0"></div>';
  const [close, stage] = dialog.children;
  dialog.addEventListener("click", ({ target }) => {
    if (target === close || target === stage) dialog.close(); // 그림 밖의 빈 자리도
  });
  document.body.append(dialog);

  const open = (image) => {
    const { naturalWidth, naturalHeight } = image;
    const large = image.cloneNode();
    large.removeAttribute("height");
    large.width = Math.max(
      naturalWidth, // 화면에 꼭 맞는 너비가 더 크면 그만큼 키웁니다.
      Math.min(innerWidth, (innerHeight * naturalWidth) / naturalHeight),
    );
    dialog.setAttribute("aria-label", image.alt);
    stage.setAttribute("aria-label", "밀어서 보는 그림");
    stage.replaceChildren(large);
    dialog.showModal();
    stage.scrollTo(0, 0);
  };

  for (const image of document.querySelectorAll(".bd-article :not(a) > img")) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "enlarge", title: "크게 보기" });
    button.addEventListener("click", () => open(image));
    image.replaceWith(button);
    button.append(image);
  }
});
