"""Text and numbers as LaTeX reads them."""

from __future__ import annotations

from fractions import Fraction

from polyrelu.exact.rational import show

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "{''}", "−": "$-$", "≤": r"$\le$", "≥": r"$\ge$", "∞": r"$\infty$",
    "β": r"$\beta$", "²": r"$^2$", "³": r"$^3$", "→": r"$\to$", "·": r"$\cdot$", "′": "$'$",
}  # fmt: skip
_TABLE = str.maketrans(_SPECIAL)


def escape(text: str) -> str:
    r"""A text that LaTeX sets as it is, in one line; other characters than these pass unchanged.

    Examples
    --------
    >>> escape("50% of {F > 0}")
    '50\\% of \\{F \\textgreater{} 0\\}'
    """
    return " ".join(text.translate(_TABLE).split())


def fraction(x: Fraction | int) -> str:
    r"""A number in math mode: "2", "-1/3" as a fraction.

    Examples
    --------
    >>> fraction(Fraction(-1, 3)), fraction(2)
    ('-\\tfrac{1}{3}', '2')
    """
    if x.denominator == 1:
        return show(x)
    return f"{'-' * (x < 0)}\\tfrac{{{show(abs(x.numerator))}}}{{{show(x.denominator)}}}"


def decimal(x: Fraction, places: int) -> str:
    """The decimal number with `places` digits after the point that is nearest to x, of two the even one; without zeros
    at its end.

    Examples
    --------
    >>> decimal(Fraction(2, 3), 4), decimal(Fraction(-1, 2), 4), decimal(Fraction(5, 2), 0)
    ('0.6667', '-0.5', '2')
    """
    scaled: int = round(Fraction(x) * Fraction(10) ** places)
    whole, rest = divmod(abs(scaled), 10**places)
    digits = f"{rest:0{places}d}".rstrip("0") if places else ""
    return "-" * (scaled < 0) + show(whole) + "." * bool(digits) + digits
