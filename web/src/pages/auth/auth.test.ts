import { describe, expect, it } from "vitest";
import { type Asked, askedIn, backTo, problemOf } from "./asked";

const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const asked = (search: Record<string, string>) => askedIn(search) as Asked;

describe("what an app asks for", () => {
  it("is called back by https, or on this machine", () => {
    for (const good of [
      "https://app.example/cb",
      "https://app.example:8443/cb?x=1#y",
      "http://localhost:3000/cb",
      "http://127.0.0.1/",
    ])
      expect(asked({ callback_url: good }).callback?.href, good).toBe(good);
    for (const wrong of [
      "http://app.example/cb",
      "http://localhost.evil.example/",
      "http://localhost@evil.example/",
      "http://127.0.0.1.evil.example/",
      "app.example",
      "/cb",
      "//evil.example",
      "javascript:alert(1)",
      "data:text/html,x",
      "ftp://localhost/",
    ])
      expect(askedIn({ callback_url: wrong }), wrong).toBe("callback");
  });

  it("needs a challenge where nobody is called back", () => {
    expect(askedIn({})).toBe("challenge");
    expect(askedIn({ callback_url: "", key_label: "x" })).toBe("challenge");
    expect(askedIn({ code_challenge: CHALLENGE })).toEqual({
      callback: null,
      challenge: CHALLENGE,
      label: "An app",
      limit: "",
      reset: "",
    });
  });

  it("is named by its host where it has no label", () => {
    expect(asked({ callback_url: "https://app.example:1/cb" }).label).toBe("app.example:1");
    expect(asked({ callback_url: "https://a/", key_label: "Mine" }).label).toBe("Mine");
  });
});

it("goes back with the callback's own query as it was written", () => {
  for (const [callback, back] of [
    ["https://app.example/cb", "https://app.example/cb?code=a"],
    ["https://app.example/cb?", "https://app.example/cb?code=a"],
    [
      "https://app.example/cb?x=a%20b+c&state=%2F",
      "https://app.example/cb?x=a%20b+c&state=%2F&code=a",
    ],
    ["https://app.example/#/cb", "https://app.example/?code=a#/cb"],
  ] as const)
    expect(backTo(new URL(callback), "code", "a")).toBe(back);
});

it("lets a limit be lowered only", () => {
  expect(problemOf("", "")).toBeUndefined();
  expect(problemOf("7", "")).toBeUndefined();
  expect(problemOf("4.5", "5")).toBeUndefined();
  expect(problemOf("5", "5")).toBeUndefined();
  expect(problemOf("5.01", "5")).toBe("At most 5, as the app asks");
  expect(problemOf("", "5")).toBe("At most 5, as the app asks");
  for (const wrong of ["abc", "-1", "1e3", "5,0"])
    expect(problemOf(wrong, wrong), wrong).toContain("Dollars");
});
