import { expect, test } from "vitest";
import { thoseThereAre } from "./those-there-are.ts";

test("names a few of those there are, and counts the others", () => {
  expect(thoseThereAre([])).toBe("there is none");
  expect(thoseThereAre([{ id: "1", name: "home" }])).toBe('there is 1 ("home")');
  const many = Array.from({ length: 11 }, (_, index) => ({ id: String(index) }));
  expect(thoseThereAre(many)).toBe("there are 0, 1, 2, 3, 4, 5, 6, 7 and 3 more");
});
