"use strict";
// Values that sort stand in data-value; cells without one (unknown) come last in either direction.
function sortTable(button) {
  const head = button.closest("th"), table = head.closest("table"), body = table.tBodies[0];
  const column = [...head.parentNode.children].indexOf(head);
  const first = head.dataset.first === "descending" ? "descending" : "ascending";
  const other = first === "ascending" ? "descending" : "ascending";
  const order = head.getAttribute("aria-sort") === first ? other : first;
  const sign = order === "ascending" ? 1 : -1;
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const key = row => row.cells[column].dataset.value ?? "";
  const rows = [...body.rows].sort((a, b) => {
    const x = key(a), y = key(b);
    if (x === "" || y === "") return (x === "") - (y === "");
    const difference = head.dataset.type === "number" ? Number(x) - Number(y) : compare(x, y);
    return sign * difference;
  });
  for (const cell of head.parentNode.children) cell.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", order);
  body.append(...rows);
}
function search(input) {
  const table = document.getElementById(input.dataset.table), wanted = input.value.trim().toLowerCase();
  let shown = 0;
  for (const row of table.tBodies[0].rows) {
    row.hidden = !row.dataset.text.includes(wanted);
    shown += !row.hidden;
  }
  const count = document.getElementById(input.dataset.table + "-count");
  count.textContent = shown + " of " + table.tBodies[0].rows.length + " " + (count.dataset.what ?? "filters");
}
function showMethod(method) {
  for (const map of document.querySelectorAll(".map")) map.hidden = map.dataset.method !== method;
}
for (const button of document.querySelectorAll("th button")) button.addEventListener("click", () => sortTable(button));
for (const input of document.querySelectorAll("input[type=search]")) input.addEventListener("input", () => search(input));
const choice = document.getElementById("method");
if (choice) choice.addEventListener("change", () => showMethod(choice.value));
// What is folded is printed, and opened by a link to it.
addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details")) part.open = true; });
