// "더 깊이" 절의 내용은 접혀 있습니다(_ext/deeper.py). 주소나 검색이 가리키는 것이 그 절에 있으면 펼칩니다.
const foldedSections = () => [...document.querySelectorAll("details.deeper:not([open])")];
const openAddressed = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folded = foldedSections().filter((details) => details.parentElement.contains(target));
  for (const details of folded) details.open = true;
  if (folded.length) target.scrollIntoView();
};
addEventListener("hashchange", openAddressed);
// 지금의 주소와 같은 링크는 주소를 바꾸지 않습니다.
addEventListener("click", ({ target }) => {
  if (target.closest('a[href*="#"]')) setTimeout(openAddressed);
});
document.addEventListener("DOMContentLoaded", () => {
  openAddressed();
  // Sphinx는 쪽을 읽고 10ms 뒤에 찾은 말을 칠합니다. 같은 시간을 기다리면 그다음에 옵니다.
  setTimeout(() => {
    for (const details of foldedSections()) details.open = details.querySelector(".highlighted") !== null;
  }, 10);
});
