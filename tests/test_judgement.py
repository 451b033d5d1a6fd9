"""What becomes of findings by what a tree is judged by."""

from runcheck.convention.clauses import clauses
from runcheck.findings import Finding, Waived
from runcheck.judgement import Judgement


def finding(code: str, path: str, *, is_certain: bool = True) -> Finding:
    return Finding(clauses()[code], path, "is wrong", "Mend it.", is_certain=is_certain)


def test_findings_that_count_come_in_their_order_and_no_uncertain_one_unless_it_is_pedantic() -> None:
    last, guess, first = finding("RC304", "b"), finding("RC902", "b", is_certain=False), finding("RC304", "a")
    assert Judgement().treated("/tree", [last, guess, first], is_whole=True) == ((first, last), Waived())
    assert guess in Judgement(pedantic=True).treated("/tree", [last, guess, first], is_whole=True)[0]
