// 인쇄하는 동안만 바꾸는 것: 어두운 화면이어도 흰 종이에 읽히는 밝은 색을 쓰고, "더 깊이" 절을 펼치고,
// 파일로 연 책이면 이 컴퓨터에만 있는 주소(file:)로 가는 링크를 끊습니다.
let theme;
let folded = [];
let localLinks = [];
addEventListener("beforeprint", () => {
  theme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
  folded = [...document.querySelectorAll("details.deeper:not([open])")];
  for (const details of folded) details.open = true;
  localLinks = [...document.querySelectorAll(".bd-article a[href]")]
    .filter((a) => a.protocol === "file:" && a.pathname !== location.pathname)
    .map((a) => [a, a.getAttribute("href")]);
  for (const [a] of localLinks) a.removeAttribute("href");
});
addEventListener("afterprint", () => {
  // 정해진 것이 없었으면 도로 없앤다. undefined를 넣으면 그 글이 적힌다
  if (theme === undefined) delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const details of folded) details.open = false;
  for (const [a, href] of localLinks) a.setAttribute("href", href);
});
