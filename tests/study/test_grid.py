import pytest

from motiflens.study.grid import PAPER_PRESET, StudyConfig, get_preset, match_architectures, plan_trials, shard
from motiflens.study.grid.grid import total_cost


def test_the_paper_preset_is_the_whole_grid():
    trials = plan_trials(PAPER_PRESET)
    keys = {trial.key(m) for trial in trials for m in trial.members}
    assert sum(len(trial.members) for trial in trials) == len(keys) == 680
    assert all(len(trial.members) <= 5 for trial in trials)
    firsts = [trial.members[0] for trial in trials]
    assert firsts == sorted(firsts)  # every configuration's first members before anyone's second stack
    assert {(t.task, t.n_sequences) for t in trials} == {(1, 30_000), (2, 20_000)}


def test_the_text_differs_from_the_code_in_data_and_database_too():
    trial = plan_trials(get_preset("paper-text"))[0]
    assert (trial.protocol.name, trial.motif_counts, trial.database) == ("PAPER", "paper", "JASPAR2016-vertebrates")
    assert get_preset("paper-text").n_sequences_task1 == 25_000
    assert trial.config()["audit"] == {"database": "JASPAR2016-vertebrates"}
    assert "audit" not in plan_trials(PAPER_PRESET)[0].config()


def test_the_filters_preset_holds_every_number_against_the_tasks_own():
    trials = plan_trials(get_preset("filters"))
    numbers = {(t.task, t.architecture, t.activation): set() for t in trials}
    for trial in trials:
        numbers[trial.task, trial.architecture, trial.activation].add(trial.model().n_filters)
        assert trial.config()["model"]["n_filters"] == trial.model().n_filters
    assert {task: numbers[task, "C24", "relu"] for task in (1, 2)} == {
        1: {8, 16, 32, 64, 128},
        2: {8, 16, 24, 32, 64, 128},
    }
    assert len(numbers) == 8
    keys = [trial.key(m) for trial in trials for m in trial.members]
    assert len(set(keys)) == len(keys) == 3 * 4 * (5 + 6)
    assert {"task1/C24/relu/000", "task1/C24/relu/64-filters/000", "task2/C4C6/relu/24-filters/000"} - set(keys) == {
        "task2/C4C6/relu/24-filters/000"
    }
    costs = {trial.name: total_cost(trial) for trial in trials}
    assert costs["task1/C24/relu/128-filters"] > costs["task1/C24/relu"] > costs["task1/C24/relu/8-filters"]


def test_the_tasks_own_number_of_filters_leaves_key_and_hash_as_they_were():
    own = {trial.key(0): trial.config_hash() for trial in plan_trials(PAPER_PRESET)}
    for trial in plan_trials(get_preset("filters")):
        assert (own.get(trial.key(0)) == trial.config_hash()) == (trial.n_filters is None)


def test_names_are_checked_before_anything_runs():
    with pytest.raises(ValueError, match="did you mean quick"):
        get_preset("quik")
    with pytest.raises(ValueError, match="did you mean"):
        match_architectures(["C4C6-Attt"])
    with pytest.raises(ValueError, match="task must be 1 or 2"):
        StudyConfig(tasks=(3,))
    with pytest.raises(ValueError, match="activation must be one of"):
        StudyConfig(activations=("tanh",))
    with pytest.raises(ValueError, match="n_members must be at least 1"):
        StudyConfig(n_members=0)
    with pytest.raises(ValueError, match="architectures must name at least one"):
        StudyConfig(architectures=())
    with pytest.raises(ValueError, match="tasks must name at least one, each once, got 2, 2"):
        StudyConfig(tasks=(2, 2))
    for numbers in ((8, 8), (0,)):
        with pytest.raises(ValueError, match="n_filters must be whole numbers of at least 1, each once, got"):
            StudyConfig(n_filters=numbers)
    with pytest.raises(ValueError, match="motif_counts must be one of code, paper"):
        StudyConfig(motif_counts="text")
    assert match_architectures(["C4C6", "C24*"])[-1] == "C4C6"


@pytest.mark.parametrize("n_shards", [1, 3, 20, 200])
def test_every_trial_is_in_exactly_one_shard(n_shards):
    trials = plan_trials(PAPER_PRESET)
    shards = [shard(trials, number, n_shards) for number in range(1, n_shards + 1)]
    assert sorted(map(repr, trials)) == sorted(repr(trial) for part in shards for trial in part)
    for part in shards:
        assert part == [trial for trial in trials if trial in part]  # in the order of the plan


def test_shards_cost_about_the_same():
    trials = plan_trials(PAPER_PRESET)
    loads = [sum(map(total_cost, shard(trials, number, 20))) for number in range(1, 21)]
    assert max(loads) < 1.1 * sum(loads) / 20


@pytest.mark.parametrize("number", [0, 4])
def test_shards_are_numbered_from_one(number):
    with pytest.raises(ValueError, match=f"from 1 to the number of shards, got {number}/3"):
        shard(plan_trials(PAPER_PRESET), number, 3)
