"""Who posted about one person reads of each other: agency, desk and day; and nobody else does."""

import pytest

from tests.cluster.api.conftest import Faced
from tests.support.faces import Face
from tests.support.meeting import about, case_of, post, read, somebody, wait_answered, wait_case

UNKNOWN = "/v1/cases/" + "0" * 32


def test_both_agencies_read_agency_desk_and_day_and_nothing_else(meeting: Faced) -> None:
    person = somebody()
    ours = post(meeting.faces, "uwv", person, theme="wonen", caseReference="Ours-1")
    theirs = post(meeting.faces, "svb", person, theme="zorg", caseReference="Theirs-1")

    at_uwv = wait_case(meeting.faces, "uwv", ours)
    at_svb = wait_case(meeting.faces, "svb", theirs)

    (match,) = at_uwv["matches"]
    day = meeting.cluster.clock.today().isoformat()
    assert at_uwv == {
        "id": at_uwv["id"],
        "purpose": "multiproblematiek",
        "ownLocalIds": [ours["localId"]],
        "matches": [
            {
                "id": match["id"],
                "ownLocalId": ours["localId"],
                "member": "svb",
                "desk": "svb/de-bedoeling",
                "deskTitle": "SVB De Bedoeling",
                "day": day,
                "height": theirs["height"],
            }
        ],
    }
    assert at_svb["matches"] == [
        {
            "id": match["id"],
            "ownLocalId": theirs["localId"],
            "member": "uwv",
            "desk": "uwv/maatwerkplaats",
            "deskTitle": "UWV Maatwerkplaats",
            "day": day,
            "height": ours["height"],
        }
    ]
    assert at_svb["id"] != at_uwv["id"]


def test_nobody_finds_a_case_of_another_agency_not_even_who_shares_it(meeting: Faced) -> None:
    person = somebody()
    ours = post(meeting.faces, "uwv", person)
    theirs = post(meeting.faces, "svb", person)
    at_uwv = wait_case(meeting.faces, "uwv", ours)["id"]
    at_svb = wait_case(meeting.faces, "svb", theirs)["id"]

    asked = [
        meeting.faces[name].get(f"/v1/cases/{case_id}", role="caseworker").status_code
        for name, case_id in (
            ("szw", at_uwv), ("szw", at_svb), ("bzk", at_uwv), ("svb", at_uwv), ("uwv", at_svb),
        )
    ]  # fmt: skip

    assert asked == [404] * 5


def test_who_is_known_at_three_is_in_one_case_with_two_matches_at_each(meeting: Faced) -> None:
    person = somebody()
    own = {name: post(meeting.faces, name, person) for name in ("szw", "uwv", "svb")}

    for name, signal in own.items():
        case = wait_case(meeting.faces, name, signal, matches=2)
        others = sorted((own[o]["height"], o) for o in own if o != name)
        assert [(m["height"], m["member"]) for m in case["matches"]] == others


def test_two_own_signals_about_one_person_are_one_case(meeting: Faced) -> None:
    person = somebody()
    ours = [post(meeting.faces, "uwv", person, caseReference=f"W-{n}") for n in range(2)]
    theirs = post(meeting.faces, "svb", person)

    case = wait_case(meeting.faces, "uwv", ours[0], matches=2)

    assert case["ownLocalIds"] == sorted(signal["localId"] for signal in ours)
    assert case_of(meeting.faces["uwv"], ours[1])["id"] == case["id"]
    assert {match["height"] for match in case["matches"]} == {theirs["height"]}
    assert len({match["id"] for match in case["matches"]}) == 2


def test_a_signal_that_meets_none_is_in_no_case_once_all_have_answered(meeting: Faced) -> None:
    own = post(meeting.faces, "uwv", somebody())

    answered = wait_answered(meeting.faces, "uwv", own)

    assert (answered["caseId"], answered["unanswered"]) == (None, [])


def test_the_answer_to_a_post_says_who_has_still_to_answer(
    meeting: Faced, monkeypatch: pytest.MonkeyPatch
) -> None:
    uwv = meeting.faces["uwv"]
    with monkeypatch.context() as hasty, meeting.without("svb", "szw"):
        hasty.setattr(uwv.node.counter, "_wait_seconds", 0.01)
        response = uwv.post("/v1/signals", json=about("uwv", somebody()))

    own = response.json()
    assert (response.status_code, own["unanswered"]) == (202, ["svb", "szw"])
    assert wait_answered(meeting.faces, "uwv", own)["state"] == "final"


def test_who_is_down_is_named_and_its_match_is_read_once_it_is_back(meeting: Faced) -> None:
    person = somebody()
    post(meeting.faces, "svb", person)
    uwv = meeting.faces["uwv"]
    with meeting.without("svb"):
        ours = post(meeting.faces, "uwv", person)
        uwv.until(lambda: read(uwv, ours)["unanswered"] == ["svb"])
        meanwhile = read(uwv, ours)

    case = wait_case(meeting.faces, "uwv", ours)

    assert meanwhile["caseId"] is None
    assert [match["member"] for match in case["matches"]] == ["svb"]
    assert wait_answered(meeting.faces, "uwv", ours)["caseId"] == case["id"]


def test_a_page_of_signals_leaves_case_and_answers_to_each_signal(meeting: Faced) -> None:
    person = somebody()
    post(meeting.faces, "svb", person)
    ours = post(meeting.faces, "uwv", person)
    wait_case(meeting.faces, "uwv", ours)

    page = meeting.faces["uwv"].get("/v1/signals", role="caseworker", params={"pageSize": 1})

    (newest,) = page.json()["signals"]
    assert (newest["caseId"], newest["unanswered"]) == (None, None)


def test_pages_of_cases_leave_none_out_and_show_none_twice(meeting: Faced) -> None:
    svb = meeting.faces["svb"]
    own = []
    for _ in range(3):
        person = somebody()
        post(meeting.faces, "uwv", person)
        own.append(post(meeting.faces, "svb", person))
    made = {wait_case(meeting.faces, "svb", signal)["id"] for signal in own}

    seen: list[str] = []
    params: dict[str, object] = {"pageSize": 2}
    while True:
        page = svb.get("/v1/cases", role="caseworker", params=params).json()
        assert len(page["cases"]) <= 2
        seen += [case["id"] for case in page["cases"]]
        if page["next"] is None:
            break
        params["after"] = page["next"]

    whole = svb.get("/v1/cases", role="caseworker", params={"pageSize": 100}).json()
    assert seen == sorted(set(seen)) == [case["id"] for case in whole["cases"]]
    assert made <= set(seen)


def test_neither_bsn_nor_case_reference_stands_in_a_case(meeting: Faced) -> None:
    person = somebody()
    ours = post(meeting.faces, "uwv", person, caseReference="Marker-Q8")
    post(meeting.faces, "svb", person, caseReference="Marker-Q9")
    case = wait_case(meeting.faces, "uwv", ours)

    texts = [
        meeting.faces["uwv"].get(path, role="caseworker").text
        for path in (f"/v1/cases/{case['id']}", "/v1/cases?pageSize=100")
    ]

    assert not [mark for mark in (person, "Marker-Q") for text in texts if mark in text]


@pytest.mark.parametrize("path", ["/v1/cases", UNKNOWN])
@pytest.mark.parametrize("role", ["approver", "policy", "fg", "auditor", "operator"])
def test_cases_are_for_caseworkers_only(uwv: Face, path: str, role: str) -> None:
    assert uwv.get(path, role=role).status_code == 403


@pytest.mark.parametrize("path", ["/v1/cases", UNKNOWN])
def test_cases_are_for_nobody_unknown(uwv: Face, path: str) -> None:
    response = uwv.get(path)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (UNKNOWN, 404),
        ("/v1/cases/1", 400),
        ("/v1/cases/" + "Z" * 32, 400),
        ("/v1/cases?after=x", 400),
        ("/v1/cases?pageSize=0", 400),
        ("/v1/cases?pageSize=101", 400),
    ],
)
def test_a_case_that_cannot_be_is_refused(uwv: Face, path: str, status: int) -> None:
    assert uwv.get(path, role="caseworker").status_code == status


def test_an_agency_that_met_nobody_has_no_case(uwv: Face) -> None:
    assert uwv.get("/v1/cases", role="caseworker").json() == {"cases": [], "next": None}
