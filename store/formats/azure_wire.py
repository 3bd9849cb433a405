"""The answers of Azure: resource manager (accounts, deployments, models), the data plane's models, retail prices.

What is read here is what a catalog needs; everything else is passed over. Enumerations are open: Azure adds words.
"""

from __future__ import annotations

from msgspec import Struct, field


class Cost(Struct, rename="camel"):
    """A meter by which a SKU is billed."""

    name: str | None = None
    meter_id: str | None = None


class Sku(Struct, rename="camel"):
    """A deployment type under which a model is offered, with its own end."""

    name: str
    deprecation_date: str | None = None
    cost: list[Cost] | None = None


class Deprecation(Struct, rename="camel"):
    """`inference` is the day of retirement; `fine_tune` the day after which it can no longer be fine-tuned."""

    inference: str | None = None
    fine_tune: str | None = None
    deprecation_status: str | None = None


class Replacement(Struct, rename="camel"):
    """What deployments are moved to, and when that begins."""

    target_model_name: str | None = None
    target_model_version: str | None = None
    auto_upgrade_start_date: str | None = None
    upgrade_on_expiry_lead_time_days: int | None = None


class SystemData(Struct, rename="camel"):
    """When a resource came into being, and when it was changed last."""

    created_at: str | None = None
    last_modified_at: str | None = None


class ModelName(Struct, rename="camel"):
    """What a deployment serves."""

    name: str
    format: str | None = None
    version: str | None = None
    publisher: str | None = None


class Model(ModelName, rename="camel"):
    """One version of a model in a region or an account; `base_model` is set for a fine-tuned one."""

    is_default_version: bool | None = None
    lifecycle_status: str | None = None
    deprecation: Deprecation | None = None
    replacement_config: Replacement | None = None
    capabilities: dict[str, str] | None = None
    skus: list[Sku] | None = None
    system_data: SystemData | None = None
    base_model: ModelName | None = None


class Listed(Struct):
    """A row of the models of a region; the same model comes once for each kind of account."""

    model: Model


class LocationModels(Struct, rename="camel"):
    """A page of the models of a region."""

    value: list[Listed]
    next_link: str | None = None


class AccountModels(Struct, rename="camel"):
    """A page of the models of an account; here the rows are the models themselves."""

    value: list[Model]
    next_link: str | None = None


class Account(Struct):
    """An account of Azure OpenAI or AI Foundry."""

    id: str
    name: str
    location: str = ""
    kind: str | None = None


class Accounts(Struct, rename="camel"):
    """A page of accounts."""

    value: list[Account]
    next_link: str | None = None


class DeploymentSku(Struct):
    """The deployment type and its size."""

    name: str | None = None
    capacity: float | None = None


class DeploymentProperties(Struct, rename="camel"):
    """What a deployment is."""

    model: ModelName
    provisioning_state: str | None = None
    version_upgrade_option: str | None = None
    deployment_state: str | None = None


class Deployment(Struct):
    """A deployment of a model in an account."""

    name: str
    properties: DeploymentProperties
    sku: DeploymentSku = field(default_factory=DeploymentSku)
    tags: dict[str, str] | None = None
    system_data: SystemData | None = field(default=None, name="systemData")

    @property
    def state(self) -> str:
        """Why it does not serve, "" when it does."""
        properties = self.properties
        if properties.provisioning_state not in (None, "Succeeded"):
            return properties.provisioning_state
        return properties.deployment_state if properties.deployment_state not in (None, "Running") else ""


class Deployments(Struct, rename="camel"):
    """A page of deployments."""

    value: list[Deployment]
    next_link: str | None = None


class DataPlaneDeprecation(Struct):
    """The ends of a model, in seconds since 1970."""

    inference: float | None = None
    fine_tune: float | None = None


class DataPlaneModel(Struct):
    """A model as an endpoint lists it for a key; name and version stand together in the id."""

    id: str
    lifecycle_status: str | None = None
    deprecation: DataPlaneDeprecation | None = None
    capabilities: dict[str, bool] | None = None
    created_at: float | None = None


class DataPlaneModels(Struct):
    """All models of an endpoint."""

    data: list[DataPlaneModel]


class Price(Struct, rename="camel"):
    """A retail price of one meter."""

    meter_id: str = ""
    retail_price: float | None = None
    unit_of_measure: str = ""
    currency_code: str = ""
    sku_name: str = ""


class Prices(Struct):
    """A page of retail prices."""

    Items: list[Price]
    NextPageLink: str | None = None
