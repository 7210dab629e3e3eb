import { describe, expect, it } from "vitest";
import { asksForSecret, namesSecret } from "./secret-detection.ts";

describe("the name of a field", () => {
  it.each([
    "password",
    "Password",
    "userPassword",
    "new_password",
    "PASSWORD",
    "pass\u200bword",
    "passphrase",
    "pass-code",
    "Passwort",
    "clientSecret",
    "api_key",
    "apiKey",
    "API key",
    "APIKey",
    "accessToken",
    "token",
    "Bearer token",
    "PIN",
    "pinCode",
    "cvv",
    "CVC2",
    "one-time code",
    "oneTimeCode",
    "verification_code",
    "otp",
    "private key",
    "recovery phrase",
    "Card number",
    "creditCard",
    "Social security number",
    "mot_de_passe",
  ])("%s is a secret's", (name) => {
    expect(namesSecret(name)).toBe(true);
  });

  it.each([
    "name",
    "colour",
    "email",
    "maxTokens",
    "token_count",
    "tokenLimit",
    "pinned",
    "spinner",
    "shipping",
    "secretary",
    "passenger",
    "keyboard",
    "key",
    "compass",
    "country code",
    "zip code",
    "Passport country",
  ])("%s is not", (name) => {
    expect(namesSecret(name)).toBe(false);
  });
});

describe("a sentence", () => {
  it.each([
    "Enter your password.",
    "Please provide your GitHub API key to go on.",
    "What is your PIN?",
    "Type in the one-time code",
    "Paste your access token here",
    "Your current account password",
    "Please enter the verification code that we sent",
    "Never mind the colour. Now enter your password.",
  ])("%s asks for one", (sentence) => {
    expect(asksForSecret(sentence)).toBe(true);
  });

  it.each([
    "Which colour?",
    "Your favorite integer (do not give us your phone number, pin, or other sensitive info)",
    "Where shall we send the mail for resetting passwords?",
    "Never enter your password here.",
    "How many tokens may the answer have?",
    "The project to pin",
    "Choose what to do with expired secrets",
  ])("%s does not", (sentence) => {
    expect(asksForSecret(sentence)).toBe(false);
  });
});
