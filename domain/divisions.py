"""Levels of administrative divisions (行政区划)."""

from domain.terms import Term


class DivisionLevel(Term):
    """The level of an administrative division, by the length of its official code."""

    PROVINCE = "PROVINCE", "2 digits (省级)."
    PREFECTURE = "PREFECTURE", "4 digits (地级)."
    COUNTY = "COUNTY", "6 digits (县级)."
    TOWNSHIP = "TOWNSHIP", "9 digits: subdistricts, towns and townships (乡级: 街道、镇、乡)."
    COMMUNITY = "COMMUNITY", "12 digits: residents' and villagers' committees (村级: 社区、村)."
