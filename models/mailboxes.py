"""Whose mailbox an address is: a firm's own domain, or a provider where anybody may have one."""

PROVIDERS = frozenset({
    "aol", "fastmail", "gmail", "gmx", "googlemail", "hey", "hotmail", "hushmail", "icloud", "inbox", "laposte", "libero", "live", "mac",
    "mail", "mailbox", "mailfence", "me", "msn", "naver", "orange", "outlook", "pm", "posteo", "proton", "protonmail", "qq", "rambler",
    "rediffmail", "rocketmail", "runbox", "seznam", "startmail", "t-online", "tutamail", "tutanota", "tuta", "virgilio", "web", "wp", "yahoo",
    "yandex", "ymail", "zoho", "eircom", "iol", "btinternet", "virginmedia", "sky", "comcast", "verizon", "att", "free", "wanadoo", "sfr",
    "freenet", "arcor", "bluewin", "onet", "interia", "o2", "centrum", "abv", "bigpond", "optusnet", "shaw", "rogers", "163", "126",
})  # fmt: skip
"""Names of mail providers, without their country: yahoo of yahoo.co.uk. Longer than needed is harmless: the signer is then named by staff."""


def domain(email: str) -> str:
    """The part after the @, lower-case."""
    return email.rpartition("@")[2].casefold()


def is_public(email: str) -> bool:
    """Whether anybody may have an address there."""
    return bool(PROVIDERS & set(domain(email).split(".")[:-1]))


def are_colleagues(one: str, other: str) -> bool:
    """Whether two addresses lie at one domain that is no provider's."""
    return bool(one and other) and domain(one) == domain(other) and not is_public(one)
